import { z } from 'zod';
import {
  customerSignal,
  deliveryUpdated,
  messageCreated,
  messageEdited,
  replyAccepted,
  replyCreated,
} from './documents.ts';

/** The page that describes both directions (OpenAPI 3.1, whose schemas are JSON Schema 2020-12). */
export function openApiPage(publicUrl: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tributary: generic webhook',
      version: '1',
      description:
        'Joins any platform. Both directions are signed after Standard Webhooks 1.0.0: v1 is HMAC-SHA256 with a whsec_ secret, v1a is Ed25519 with whsk_ and whpk_ keys.',
    },
    ...(publicUrl !== '' && { servers: [{ url: publicUrl }] }),
    paths: {
      '/channels/webhook/{account}': {
        post: {
          operationId: 'bring',
          summary: 'Brings what a customer wrote, or what became of a reply.',
          parameters: [
            { name: 'account', in: 'path', required: true, schema: { type: 'string' } },
            ...signatureHeaders,
          ],
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { oneOf: inbound.map(({ name }) => reference(name)) } } },
          },
          responses: {
            200: { description: 'It is safe with us. A type that we do not know is passed over.' },
            400: { description: 'It can never be taken; `error` names each field and its rule. Do not repeat it.' },
            401: { description: 'No signature by a key of the account, or a timestamp more than 5 minutes away.' },
            404: { description: 'There is no such account.' },
            413: { description: 'Larger than 15 MiB.' },
            503: { description: 'Not just now. Send it again, with the same webhook-id.' },
          },
        },
      },
    },
    webhooks: {
      'reply.created': {
        post: {
          summary: "A reply, sent to the account's url.",
          parameters: signatureHeaders,
          requestBody: { required: true, content: { 'application/json': { schema: reference('ReplyCreated') } } },
          responses: {
            '2XX': {
              description: 'You have it. A webhook-id that you have had before is the same reply.',
              content: { 'application/json': { schema: reference('ReplyAccepted') } },
            },
            '4XX': { description: 'You will never take it; the beginning of the body is shown to the agent.' },
            410: { description: 'You take no replies any more. We send none until we are started again.' },
            429: { description: 'Later: after Retry-After when it is given. So with 503.' },
            '5XX': { description: 'Sent again, ever more seldom, for three days.' },
          },
        },
      },
    },
    components: {
      schemas: Object.fromEntries(
        [
          ...inbound,
          { name: 'ReplyCreated', schema: replyCreated },
          { name: 'ReplyAccepted', schema: replyAccepted },
        ].map(({ name, schema }) => [name, jsonSchemaOf(schema)]),
      ),
    },
  };
}

const inbound = [
  { name: 'MessageCreated', schema: messageCreated },
  { name: 'MessageEdited', schema: messageEdited },
  { name: 'DeliveryUpdated', schema: deliveryUpdated },
  { name: 'CustomerSignal', schema: customerSignal },
] as const;

const signatureHeaders = [
  { name: 'webhook-id', description: 'The same however often this is sent; no full stop in it.' },
  { name: 'webhook-timestamp', description: 'Unix time of this attempt, in seconds.' },
  {
    name: 'webhook-signature',
    description: 'Signatures of `id.timestamp.body`, separated by spaces: `v1,…` or `v1a,…`.',
  },
].map((header) => ({ ...header, in: 'header', required: true, schema: { type: 'string' } }));

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

function jsonSchemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
