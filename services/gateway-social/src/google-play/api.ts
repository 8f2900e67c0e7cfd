import { AccountUnavailableError, RetryLaterError } from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';
import { z } from 'zod';
import { ApiRefusal, callApi, callErrorOf } from '../listening/json-api.ts';
import type { Review, ReviewPage } from '../listening/reviews.ts';
import type { GooglePlayAccount } from './account.ts';

export interface GooglePlayApi {
  /**
   * The reviews of the last week, those written or changed last first.
   * @param cursor `next` of the page before it.
   * @throws the errors of `callErrorOf`; ZodError for another answer
   */
  reviews(cursor: string | undefined): Promise<ReviewPage>;
  /** Writes the answer to a review, over the one that is there. @throws the errors of `callErrorOf` */
  reply(reviewId: string, text: string): Promise<void>;
}

const pageSize = 100;
const scope = 'https://www.googleapis.com/auth/androidpublisher';

/** https://developers.google.com/android-publisher/api-ref/rest/v3/reviews */
const page = z.object({
  reviews: z
    .array(
      z.object({
        reviewId: z.string(),
        authorName: z.string().optional(),
        comments: z.array(
          z.object({
            userComment: z
              .object({
                text: z.string().default(''),
                lastModified: z.object({ seconds: z.coerce.string(), nanos: z.number().default(0) }),
                starRating: z.number().int().min(1).max(5),
                reviewerLanguage: z.string().optional(),
                device: z.string().optional(),
                androidOsVersion: z.number().optional(),
                appVersionName: z.string().optional(),
              })
              .optional(),
          }),
        ),
      }),
    )
    // An app without reviews has no list at all.
    .default([]),
  tokenPagination: z.object({ nextPageToken: z.string().optional() }).optional(),
});
type Found = z.infer<typeof page>['reviews'][number];

export function createGooglePlayApi(account: GooglePlayAccount, clock: Clock): GooglePlayApi {
  const reviewsUrl = `${account.apiUrl}/androidpublisher/v3/applications/${account.packageName}/reviews`;
  let token: { readonly text: string; readonly expiresAtMs: number } | undefined;

  async function authorization(): Promise<string> {
    token = token === undefined || token.expiresAtMs < clock.now() + 60_000 ? await newToken(account, clock) : token;
    return `Bearer ${token.text}`;
  }

  async function call(url: string, request: RequestInit = {}): Promise<unknown> {
    const kept = token;
    try {
      return await callApi(url, { ...request, headers: { ...request.headers, authorization: await authorization() } });
    } catch (error) {
      if (error instanceof ApiRefusal && error.status === 401 && kept !== undefined && kept === token) {
        // It was taken back before its time: once more, with a new one.
        token = undefined;
        return call(url, request);
      }
      throw isOutOfQuota(error)
        ? new RetryLaterError(error.message, error.retryAfterMs ?? 5 * 60_000)
        : callErrorOf(error);
    }
  }

  return {
    async reviews(cursor) {
      const query = new URLSearchParams({
        maxResults: String(pageSize),
        ...(cursor !== undefined && { token: cursor }),
      });
      const { reviews, tokenPagination } = page.parse(await call(`${reviewsUrl}?${query}`));
      return {
        reviews: reviews.flatMap((found) => reviewOf(account, found) ?? []),
        next: tokenPagination?.nextPageToken,
      };
    },
    async reply(reviewId, replyText) {
      await call(`${reviewsUrl}/${encodeURIComponent(reviewId)}:reply`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ replyText }),
      });
    },
  };
}

function reviewOf({ name, packageName }: GooglePlayAccount, found: Found): Review | undefined {
  const comment = found.comments.find(({ userComment }) => userComment !== undefined)?.userComment;
  if (comment === undefined) return undefined;
  const { text, starRating, reviewerLanguage = '', device, androidOsVersion, appVersionName, lastModified } = comment;
  const { seconds, nanos } = lastModified;
  // Of older apps a title stands before a tab.
  const [title, body] = text.includes('\t')
    ? [text.slice(0, text.indexOf('\t')), text.slice(text.indexOf('\t') + 1)]
    : ['', text];
  return {
    channel: 'google-play',
    account: name,
    reviewId: found.reviewId,
    version: `${seconds}.${nanos}`,
    author: found.authorName ?? '',
    stars: starRating,
    title: title.trim(),
    text: body.trim(),
    writtenAt: new Date(Number(seconds) * 1000 + Math.floor(nanos / 1e6)),
    languageHint: reviewerLanguage.replace('_', '-'),
    attributes: { packageName, device, androidOsVersion, appVersion: appVersionName },
  };
}

/** Exchanges a signed claim for a token (RFC 7523): https://developers.google.com/identity/protocols/oauth2/service-account */
async function newToken({ serviceAccount }: GooglePlayAccount, clock: Clock) {
  const { importPKCS8, SignJWT } = await import('jose');
  const { client_email, private_key, token_uri } = serviceAccount;
  const nowMs = clock.now();
  const nowSeconds = Math.floor(nowMs / 1000);
  const assertion = await new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(client_email)
    .setAudience(token_uri)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + 3600)
    .sign(await importPKCS8(private_key, 'RS256'));
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const answer = await callApi(token_uri, {
    method: 'POST',
    body: new URLSearchParams({ grant_type, assertion }),
  }).catch((error: unknown) => {
    // 400 "invalid_grant": the key was deleted or the account closed.
    if (error instanceof ApiRefusal && error.status === 400) throw new AccountUnavailableError(error.message);
    throw error;
  });
  const { access_token, expires_in } = z.object({ access_token: z.string(), expires_in: z.number() }).parse(answer);
  return { text: access_token, expiresAtMs: nowMs + expires_in * 1000 };
}

/** Google says 403 as well when it is too much: https://developers.google.com/android-publisher/quotas */
function isOutOfQuota(error: unknown): error is ApiRefusal {
  if (!(error instanceof ApiRefusal) || error.status !== 403) return false;
  const reasons = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })) }) });
  const { errors = [] } = reasons.safeParse(error.body).data?.error ?? {};
  return errors.some(({ reason }) => /(rateLimit|quota|dailyLimit)Exceeded/i.test(reason));
}
