import { type KeyObject, verify } from 'node:crypto';

export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a JWT says when it is signed with this key's other half (RFC 7515, ES256 and RS256); undefined when it is not. */
export function readJwt(text: string, publicKey: KeyObject): Jwt | undefined {
  const [head = '', body = '', signature = ''] = text.split('.');
  try {
    const part = (base64: string) => JSON.parse(Buffer.from(base64, 'base64url').toString());
    const jwt = { header: part(head), claims: part(body) } as Jwt;
    const isRsa = publicKey.asymmetricKeyType === 'rsa';
    if (jwt.header['alg'] !== (isRsa ? 'RS256' : 'ES256')) return undefined;
    const key = isRsa ? publicKey : { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
    const isSigned = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
    return isSigned ? jwt : undefined;
  } catch {
    return undefined;
  }
}
