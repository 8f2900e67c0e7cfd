import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, unavailableFailure, usageFailure } from '../failure.ts';

/** The face of a provider's simulator for whoever plays the customer: JSON below `/simulator/`. */
export interface Simulator {
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: object): Promise<Answer>;
}

function simulatorVariable(provider: string): string {
  return `${provider.toUpperCase().replaceAll('-', '_')}_SIMULATOR`;
}

/**
 * Finds a provider's simulator: as given, as `simulatorVariable` says, or as the running Tributary tells.
 * @throws CommandFailure when there is none.
 */
export async function findSimulator(
  context: CliContext,
  provider: string,
  { simulator, timeout }: { readonly simulator?: string; readonly timeout: number },
): Promise<Simulator> {
  const url = simulator || context.environment[simulatorVariable(provider)] || (await told());
  if (!URL.canParse(url)) throw usageFailure(`--simulator: '${url}' is not a URL`);

  async function told(): Promise<string> {
    const tributary = `http://localhost:${context.environment['HTTP_PORT'] || 8080}`;
    const urls = await ask<Record<string, string>>(`${tributary}/simulators`, {});
    const found = urls[provider];
    if (found === undefined) {
      throw new CommandFailure(
        exitCodes.notFound,
        'NOT_FOUND',
        `Tributary at ${tributary} plays no ${provider}: it has accounts there. --simulator names another one.`,
      );
    }
    return found;
  }

  async function ask<Answer>(address: string, init: RequestInit): Promise<Answer> {
    let response: Response;
    try {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeout)]);
      response = await fetch(address, { ...init, signal });
    } catch (error) {
      context.signal.throwIfAborted();
      throw unavailableFailure(`Nobody answers at ${new URL(address).host}. Is Tributary running? (npm start)`, error);
    }
    const answer = (await response.json().catch(() => ({}))) as Answer & { readonly message?: string };
    if (response.ok) return answer;
    const reason = answer.message ?? `it answered ${response.status}`;
    throw new CommandFailure(exitCodes.refused, 'SIMULATOR_REFUSED', `The simulator refused it: ${reason}`);
  }

  return {
    get: (path) => ask(`${url}/simulator/${path}`, {}),
    post: (path, body) => ask(`${url}/simulator/${path}`, { method: 'POST', body: JSON.stringify(body) }),
  };
}
