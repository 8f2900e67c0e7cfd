import type { handleBidiStreamingCall, Server, ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { loadContracts } from './contract-files.ts';

interface Reflection {
  readonly definition: ServiceDefinition[string];
  readonly handle: handleBidiStreamingCall<unknown, unknown>;
}

const method = 'ServerReflectionInfo';

/** Reflection in both versions. The contracts are read when somebody first asks: that would be a tenth of the time of a start. */
export function addReflection(server: Server): void {
  let reflections: ReadonlyMap<string, Reflection> | undefined;
  const reflectionAt = (path: string) => {
    reflections ??= readReflections();
    const found = reflections.get(path);
    if (found === undefined) throw new Error(`there is no reflection at ${path}`);
    return found;
  };
  for (const version of ['v1', 'v1alpha']) {
    const path = `/grpc.reflection.${version}.ServerReflection/${method}`;
    const definition: ServiceDefinition[string] = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (message) => reflectionAt(path).definition.requestSerialize(message),
      requestDeserialize: (bytes) => reflectionAt(path).definition.requestDeserialize(bytes),
      responseSerialize: (message) => reflectionAt(path).definition.responseSerialize(message),
      responseDeserialize: (bytes) => reflectionAt(path).definition.responseDeserialize(bytes),
    };
    const handle: Reflection['handle'] = (call) => reflectionAt(path).handle(call);
    server.addService({ [method]: definition }, { [method]: handle });
  }
}

/** What the library would add to a server, by path. */
function readReflections(): ReadonlyMap<string, Reflection> {
  const reflections = new Map<string, Reflection>();
  const server: Pick<Server, 'addService'> = {
    addService(service, implementation) {
      const definition = service[method];
      if (definition !== undefined)
        reflections.set(definition.path, { definition, handle: implementation[method] as Reflection['handle'] });
    },
  };
  new ReflectionService(loadContracts()).addToServer(server);
  return reflections;
}
