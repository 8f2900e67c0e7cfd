import { cacheDirectory } from './cache.ts';
import { findChromium } from './chromium.ts';
import { dockerImageCanBeHad, kafkaImage, mongoImage } from './docker-servers.ts';
import { installDovecot } from './dovecot-server.ts';
import { installKafka } from './kafka-install.ts';
import { installMongo } from './mongo-server.ts';
import { isUnavailable, orUnavailable, type Report } from './running-server.ts';
import { findSignaturePython } from './signature-python.ts';

/**
 * Installs all that the servers of the tests need, so that starting them later takes seconds.
 * Returns a sentence for each that cannot be had here; none means all is ready. Installed already: returns at once.
 */
export async function prepareServers(options: { cacheDir?: string; report: Report }): Promise<string[]> {
  const { report } = options;
  const install = { cacheDir: options.cacheDir ?? cacheDirectory(), report };
  const needsMongo = !process.env['MONGODB_URL'] && !(await dockerImageCanBeHad(mongoImage, report));
  const needsKafka = !process.env['KAFKA_BROKERS'] && !(await dockerImageCanBeHad(kafkaImage, report));
  // MongoDB first: it takes longest, and apt-get works for one at a time.
  const results = await Promise.all([
    orUnavailable(async () => ({ mongo: needsMongo && (await installMongo(install)) })),
    orUnavailable(async () => ({ kafka: needsKafka && (await installKafka(install)) })),
    orUnavailable(async () => ({ dovecot: await installDovecot(install) })),
    findChromium(report),
    findSignaturePython(report),
  ]);
  return results.flatMap((result) => (typeof result === 'object' && isUnavailable(result) ? [result.unavailable] : []));
}
