import { defineConfig } from 'vitest/config';

const shared = {
  resolve: { conditions: ['@tributary/source', 'node'] },
  ssr: { resolve: { conditions: ['@tributary/source', 'node'] } },
};
const folders = '{packages,services}/*/{src,tests}/**';

// Two kinds of tests: what runs anywhere, and `*.servers.test.ts`, which needs a real Kafka, MongoDB, Dovecot or Chromium.
export default defineConfig({
  test: {
    reporters: ['default', './packages/testing/src/vitest/count-reporter.ts'],
    // kafkajs sets timers with negative delays.
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
    projects: [
      {
        ...shared,
        test: {
          name: 'embedded',
          include: [
            `${folders}/*.test.ts`,
            'e2e/tests/**/*.test.ts',
            'bench/tests/**/*.test.ts',
            'scripts/**/*.test.ts',
            'deploy/tests/**/*.test.ts',
          ],
          exclude: ['**/*.servers.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'servers',
          include: [
            `${folders}/*.servers.test.ts`,
            'e2e/tests/**/*.servers.test.ts',
            'deploy/tests/**/*.servers.test.ts',
          ],
          exclude: ['**/node_modules/**'],
          globalSetup: ['./packages/testing/src/vitest/start-servers.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
