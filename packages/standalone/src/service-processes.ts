import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A service as a process of its own, started again whenever it ends, as Kubernetes would. */
export interface ServiceProcess {
  readonly name: string;
  /** Undefined between its end and its next start. */
  readonly pid: number | undefined;
  /** @throws while its `/health/ready` does not answer 200, with what it answers. */
  checkReady(): Promise<true>;
  /** How often it was started: not once when its release has no such service. */
  readonly starts: number;
  /** SIGKILL; it comes back by itself. */
  kill(): void;
  /**
   * SIGTERM, as a rolling restart does: it finishes what it has in hand, ends, and comes back by itself. SIGKILL when it has not
   * ended after the grace period of k8s/base.
   */
  terminate(): void;
  /** As `terminate`, and it comes back as the release in this folder has it; one that was not started for want of an entry is. */
  upgrade(release: string): void;
  /** SIGTERM, and waits for its end. It does not come back. */
  stop(): Promise<void>;
}

export interface ServiceProcessOptions {
  readonly name: string;
  /** Its program, as a path from the release's folder: `services/router/src/main.ts`. */
  readonly entry: string;
  /** Folder of the checkout that it runs from. Default: this one. */
  readonly release?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where `/health/ready` answers. */
  readonly healthPort: number;
  /** Milliseconds before it is started again. */
  readonly restartAfterMs?: number;
  /** What it prints is appended to this file. Default: it prints where we do. */
  readonly logFile?: string;
  /** Wraps the command, for example in one that ends it together with us. */
  readonly wrap?: (command: CommandLine) => CommandLine;
  report(line: string): void;
}

const ownRelease = fileURLToPath(new URL('../../..', import.meta.url));
const telemetry = 'packages/runtime/src/telemetry/register.ts';

const gracePeriodMs = 40_000;

type CommandLine = readonly [program: string, ...args: string[]];

/** Starts a service and keeps it running until `stop`. */
export function keepRunning(options: ServiceProcessOptions): ServiceProcess {
  let child: ChildProcess | undefined;
  let starts = 0;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let release = options.release ?? ownRelease;

  const start = () => {
    const entry = resolve(release, options.entry);
    if (!existsSync(entry)) return;
    starts += 1;
    const first = resolve(release, telemetry);
    const imports = existsSync(first) ? [`--import=${first}`] : [];
    const command: CommandLine = [process.execPath, ...process.execArgv, ...imports, entry];
    const [program, ...args] = options.wrap?.(command) ?? command;
    const output = options.logFile === undefined ? 'inherit' : openSync(options.logFile, 'a');
    child = spawn(program, args, {
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', output, output],
    });
    if (output !== 'inherit') closeSync(output);
    child.on('exit', (code, signal) => {
      child = undefined;
      if (stopping) return;
      options.report(`${options.name} ended (${signal ?? `code ${code}`}); starting it again`);
      timer = setTimeout(start, options.restartAfterMs ?? 500);
    });
  };
  start();

  const terminate = () => {
    const running = child;
    if (running === undefined) return;
    running.kill('SIGTERM');
    const force = setTimeout(() => {
      options.report(`${options.name} did not end within ${gracePeriodMs / 1000} s and is killed`);
      running.kill('SIGKILL');
    }, gracePeriodMs);
    running.once('exit', () => clearTimeout(force));
  };

  return {
    name: options.name,
    get pid() {
      return child?.pid;
    },
    get starts() {
      return starts;
    },
    async checkReady() {
      const signal = AbortSignal.timeout(2000);
      const answer = await fetch(`http://127.0.0.1:${options.healthPort}/health/ready`, { signal });
      const said = await answer.text();
      if (!answer.ok) throw new Error(`${options.name} answers ${answer.status}: ${said}`);
      return true;
    },
    kill: () => void child?.kill('SIGKILL'),
    terminate,
    upgrade(folder) {
      release = folder;
      if (starts === 0) start();
      else terminate();
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      const running = child;
      if (running === undefined) return;
      const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      running.kill('SIGTERM');
      const force = setTimeout(() => running.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(force);
    },
  };
}

/** Where the services of one machine listen. */
export interface ServicePorts {
  readonly console: number;
  readonly chat: number;
  readonly social: number;
  readonly smtp: number;
  readonly emailHealth: number;
  readonly routerHealth: number;
  readonly routerGrpc: number;
  readonly ticketingHealth: number;
  readonly ticketingGrpc: number;
  /** Absent: no telephone gateway. */
  readonly phone?: number;
}

/** A port for each, taken one by one. */
export async function takePorts(take: () => Promise<number>): Promise<ServicePorts> {
  return {
    console: await take(),
    chat: await take(),
    social: await take(),
    smtp: await take(),
    emailHealth: await take(),
    routerHealth: await take(),
    routerGrpc: await take(),
    ticketingHealth: await take(),
    ticketingGrpc: await take(),
  };
}

/** The ports counted from the documented ones: HTTP 8080, SMTP 2525, gRPC 50051. */
export function portsFrom(httpPort: number, smtpPort: number, grpcPort: number): ServicePorts {
  return {
    console: httpPort,
    chat: httpPort + 1,
    emailHealth: httpPort + 2,
    routerHealth: httpPort + 3,
    ticketingHealth: httpPort + 4,
    social: httpPort + 5,
    phone: httpPort + 6,
    smtp: smtpPort,
    ticketingGrpc: grpcPort,
    routerGrpc: grpcPort + 1,
  };
}

/**
 * Every service against the Kafka and the MongoDB that `environment` names.
 * @param environment At least KAFKA_BROKERS and MONGODB_URL; what is set here wins over the defaults below.
 * @param options.logFolder Each service prints into a file of its own there. Default: they print where we do.
 * @param options.release Folder of the checkout that they run from. Default: this one.
 * @param options.replica Its number, where there are several of each: part of their names.
 */
export function serviceProcesses(
  ports: ServicePorts,
  environment: Readonly<Record<string, string>>,
  report: (line: string) => void,
  {
    logFolder,
    replica,
    ...process
  }: { readonly logFolder?: string; readonly replica?: number } & Pick<ServiceProcessOptions, 'wrap' | 'release'> = {},
): ServiceProcess[] {
  const one = (name: string, own: Record<string, string | number> & { readonly HTTP_PORT: number }) =>
    keepRunning({
      name: replica === undefined ? name : `${name} ${replica}`,
      healthPort: own.HTTP_PORT,
      entry: `services/${name}/src/main.ts`,
      environment: {
        ...stringsOf(own),
        // On one machine each needs its own port for what Prometheus asks.
        OTEL_EXPORTER_PROMETHEUS_PORT: String(own.HTTP_PORT + 1000),
        ...environment,
      },
      ...(logFolder !== undefined && { logFile: join(logFolder, `${name}.log`) }),
      ...process,
      report,
    });
  return [
    one('ticketing', { HTTP_PORT: ports.ticketingHealth, GRPC_PORT: ports.ticketingGrpc }),
    one('router', {
      HTTP_PORT: ports.routerHealth,
      GRPC_PORT: ports.routerGrpc,
      TICKETING_ADDRESS: `127.0.0.1:${ports.ticketingGrpc}`,
      ROUTER_SEED_PRESENCE: 'online',
    }),
    one('gateway-email', { HTTP_PORT: ports.emailHealth, SMTP_PORT: ports.smtp }),
    one('gateway-chat', { HTTP_PORT: ports.chat }),
    one('gateway-social', { HTTP_PORT: ports.social }),
    ...(ports.phone === undefined
      ? []
      : [
          one('gateway-phone', {
            HTTP_PORT: ports.phone,
            PUBLIC_URL: `http://127.0.0.1:${ports.phone}`,
            ROUTER_ADDRESS: `127.0.0.1:${ports.routerGrpc}`,
          }),
        ]),
    one('console', { HTTP_PORT: ports.console, CHAT_URL: `http://127.0.0.1:${ports.chat}`, SMTP_PORT: ports.smtp }),
  ];
}

function stringsOf(values: Record<string, string | number>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
