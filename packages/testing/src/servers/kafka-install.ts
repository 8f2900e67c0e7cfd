import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from './cache.ts';
import { installedProgram } from './debian-packages.ts';
import { runCommand } from './run-command.ts';
import type { Report } from './running-server.ts';

export const kafkaVersion = '4.3.0';

export interface KafkaInstallation {
  readonly java: string;
  /** The jars, as a class path. */
  readonly classPath: string;
}

/** Kafka's jars from Maven Central, and a Java to run them; both are fetched when missing (about 15 s). */
export async function installKafka(options: { cacheDir: string; report: Report }): Promise<KafkaInstallation> {
  const java = await installedProgram('java', ['default-jre-headless'], options);
  const folder = await cachedFolder(options.cacheDir, `kafka-${kafkaVersion}`, async (empty) => {
    const maven = await installedProgram('mvn', ['maven'], options);
    options.report(`Fetching Kafka ${kafkaVersion} from Maven Central, about 15 s …`);
    writeFileSync(join(empty, 'pom.xml'), pom);
    const local = join(empty, 'repository');
    await runCommand(
      maven,
      ['-q', '-B', `-Dmaven.repo.local=${local}`, 'dependency:copy-dependencies', '-DoutputDirectory=lib'],
      { cwd: empty },
    );
    rmSync(local, { recursive: true, force: true });
  });
  return { java, classPath: join(folder, 'lib', '*') };
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tributary</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
  </dependencies>
</project>
`;
