import { allFields, type HeaderFields } from './header-block.ts';

/**
 * Whether one of our own mail servers has proved that the mail comes from its From domain (RFC 8601): DMARC passed, or an
 * aligned DKIM signature did. Only the topmost result of a trusted server counts, for anyone can write the others.
 * @param trusted Names (authserv-id) under which our mail servers report, lower case.
 */
export function isSenderProven(fields: HeaderFields, senderAddress: string, trusted: readonly string[]): boolean {
  const domain = senderAddress.slice(senderAddress.lastIndexOf('@') + 1);
  if (domain === '' || trusted.length === 0) return false;
  const result = allFields(fields, 'authentication-results')
    .map((value) => value.replace(/\([^()]*\)/g, ' '))
    .find((value) => trusted.includes(value.trim().split(/[\s;]/)[0]?.toLowerCase() ?? ''));
  const methods = result?.toLowerCase().split(';').slice(1) ?? [];
  return methods.some((method) => {
    if (/^\s*dmarc\s*=\s*pass\b/.test(method)) return aligned(property(method, 'header.from') ?? domain, domain);
    if (/^\s*dkim\s*=\s*pass\b/.test(method)) {
      const signer = property(method, 'header.d') ?? property(method, 'header.i')?.replace(/^.*@/, '');
      return signer !== undefined && aligned(signer, domain);
    }
    return false;
  });
}

function property(method: string, name: string): string | undefined {
  return new RegExp(`(?:^|\\s)${name.replace('.', '\\.')}\\s*=\\s*"?([^\\s";]+)`).exec(method)?.[1];
}

/** The From domain is the signer's or below it. Stricter than DMARC's relaxed mode, which needs a list of suffixes. */
function aligned(signer: string, domain: string): boolean {
  return domain === signer || (signer.includes('.') && domain.endsWith(`.${signer}`));
}
