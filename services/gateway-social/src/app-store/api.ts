import { hashId } from '@tributary/contracts';
import type { Clock } from '@tributary/runtime';
import { z } from 'zod';
import { callApi, callErrorOf } from '../listening/json-api.ts';
import type { Review, ReviewPage } from '../listening/reviews.ts';
import type { AppStoreAccount } from './account.ts';

export interface AppStoreApi {
  /** The app's reviews, newest first. @param cursor `next` of the page before it. @throws the errors of `callErrorOf`; ZodError for another answer */
  reviews(cursor: string | undefined): Promise<ReviewPage>;
  /** Writes the answer to a review, over the one that is there. @returns the answer's id. @throws the errors of `callErrorOf` */
  respond(reviewId: string, text: string): Promise<string | undefined>;
}

const pageSize = 200;
/** Apple takes tokens of 20 minutes at most. */
const tokenSeconds = 15 * 60;

/** https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-customerreviews */
const page = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      attributes: z.object({
        rating: z.number().int().min(1).max(5),
        title: z.string().nullish(),
        body: z.string().nullish(),
        reviewerNickname: z.string().nullish(),
        createdDate: z.coerce.date(),
        /** ISO 3166-1 alpha-3. */
        territory: z.string().nullish(),
      }),
    }),
  ),
  links: z.object({ next: z.url().optional() }),
});

export function createAppStoreApi(account: AppStoreAccount, clock: Clock): AppStoreApi {
  const { name, appId, apiUrl } = account;
  const { host } = new URL(apiUrl);
  let token: { readonly text: string; readonly expiresAtMs: number } | undefined;

  async function authorization(): Promise<string> {
    const nowMs = clock.now();
    if (token === undefined || token.expiresAtMs < nowMs + 60_000) {
      token = { text: await sign(account, nowMs), expiresAtMs: nowMs + tokenSeconds * 1000 };
    }
    return `Bearer ${token.text}`;
  }

  async function call(url: string, request: RequestInit = {}): Promise<unknown> {
    const headers = { ...request.headers, authorization: await authorization() };
    try {
      return await callApi(url, { ...request, headers });
    } catch (error) {
      throw callErrorOf(error);
    }
  }

  return {
    async reviews(cursor) {
      const query = new URLSearchParams({ sort: '-createdDate', limit: String(pageSize) });
      const url = cursor ?? `${apiUrl}/v1/apps/${appId}/customerReviews?${query}`;
      const answer = page.parse(await call(url));
      const alpha2 = await countryCodes();
      const reviews = answer.data.map(({ id, attributes }): Review => {
        const { rating, title, body, createdDate, reviewerNickname, territory } = attributes;
        return {
          channel: 'app-store',
          account: name,
          reviewId: id,
          // Apple gives an edited review no number of its own.
          version: hashId(createdDate.toISOString(), rating, title ?? '', body ?? ''),
          author: reviewerNickname ?? '',
          stars: rating,
          title: title ?? '',
          text: body ?? '',
          writtenAt: createdDate,
          regionHint: alpha2(territory ?? '') ?? '',
          attributes: { territory: territory ?? undefined, appId },
        };
      });
      const { next } = answer.links;
      // The token goes to no other host.
      return { reviews, next: next !== undefined && new URL(next).host === host ? next : undefined };
    },
    async respond(reviewId, responseBody) {
      const answer = await call(`${apiUrl}/v1/customerReviewResponses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          data: {
            type: 'customerReviewResponses',
            attributes: { responseBody },
            relationships: { review: { data: { type: 'customerReviews', id: reviewId } } },
          },
        }),
      });
      // It is accepted, whatever else the answer says.
      return z.object({ data: z.object({ id: z.string() }) }).safeParse(answer).data?.data.id;
    },
  };
}

/** https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests */
async function sign({ issuerId, keyId, privateKey }: AppStoreAccount, nowMs: number): Promise<string> {
  const { importPKCS8, SignJWT } = await import('jose');
  const nowSeconds = Math.floor(nowMs / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: keyId, typ: 'JWT' })
    .setIssuer(issuerId)
    .setAudience('appstoreconnect-v1')
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + tokenSeconds)
    .sign(await importPKCS8(privateKey, 'ES256'));
}

/** Without the names of countries, which the package's own entry loads in all languages. */
async function countryCodes(): Promise<(alpha3: string) => string | undefined> {
  const { default: countries } = await import('i18n-iso-countries/index.js');
  return (alpha3) => countries.alpha3ToAlpha2(alpha3);
}
