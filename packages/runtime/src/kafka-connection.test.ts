import { createCertificateAuthority } from '@tributary/testing';
import { expect, test } from 'vitest';
import { readKafkaConnection } from './kafka-connection.ts';

const brokers = { KAFKA_BROKERS: 'a:9092, b:9092' };
const read = (environment: Record<string, string>) => readKafkaConnection({ ...brokers, ...environment });
const login = { KAFKA_USERNAME: 'router', KAFKA_PASSWORD: 'secret' };

test('nothing but brokers is plaintext without a login', () => {
  expect(read({})).toEqual({ brokers: ['a:9092', 'b:9092'] });
});

test('TLS comes with its files, or by itself with the authorities of the system', () => {
  using authority = createCertificateAuthority();
  const { certFile, keyFile } = authority.issue('router');
  expect(read({ KAFKA_TLS: 'on' }).tls).toEqual({});
  const files = { KAFKA_TLS_CA_FILE: authority.caFile, KAFKA_TLS_CERT_FILE: certFile, KAFKA_TLS_KEY_FILE: keyFile };
  expect(Object.keys(read(files).tls ?? {})).toEqual(['ca', 'cert', 'key']);
  expect(() => read({ ...files, KAFKA_TLS: 'off' })).toThrow('KAFKA_TLS: must be on');
  expect(() => read({ KAFKA_TLS_CERT_FILE: certFile })).toThrow('KAFKA_TLS_KEY_FILE: must be set together');
  expect(() => read({ KAFKA_TLS_CA_FILE: '/nowhere.pem' })).toThrow('KAFKA_TLS_CA_FILE: ENOENT');
  const other = authority.issue('other').keyFile;
  expect(() => read({ ...files, KAFKA_TLS_KEY_FILE: other })).toThrow(/KAFKA_TLS_KEY_FILE: .*mismatch/i);
});

test('a login is whole or is not, and PLAIN is not sent in the open', () => {
  expect(read({ ...login, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' }).sasl).toEqual({
    mechanism: 'scram-sha-512',
    username: 'router',
    password: 'secret',
  });
  expect(() => read(login)).toThrow('KAFKA_SASL_MECHANISM: must be set together');
  expect(() => read({ ...login, KAFKA_SASL_MECHANISM: 'GSSAPI' })).toThrow('must be one of PLAIN, SCRAM-SHA-256');
  const plain = { ...login, KAFKA_SASL_MECHANISM: 'PLAIN' };
  expect(() => read(plain)).toThrow('PLAIN wants KAFKA_TLS=on');
  expect(read({ ...plain, KAFKA_TLS: 'on' }).sasl?.mechanism).toBe('plain');
});
