import { randomUUID } from 'node:crypto';
import multipart from '@fastify/multipart';
import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { isOriginAllowed } from '../domain/origin.ts';
import { ChatRefusal, type RefusalCode } from '../domain/refusal.ts';
import { openSession } from '../usecases/open-session.ts';
import { takeUpload } from '../usecases/take-upload.ts';
import { ChatConnection } from './chat-connection.ts';
import type { ChatContext } from './chat-context.ts';
import { readSessionRequest } from './client-frames.ts';
import { errorBody } from './server-frames.ts';
import { serveWidget } from './widget-files.ts';

/** A frame above this ends the connection with 1009; below it every limit has an error frame of its own. */
const maxFrameBytes = 1024 * 1024;

const statusCodes: Partial<Record<RefusalCode, number>> = {
  invalid_session: 401,
  origin_not_allowed: 403,
  not_found: 404,
  too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  too_many_uploads: 429,
  unavailable: 503,
};

/** Everything under `/chat/v1`. */
export function chatHttp(context: ChatContext): FastifyPluginAsync {
  return async (app) => {
    await app.register(serveWidget(context.config.site));
    await app.register(async (api) => {
      api.setErrorHandler((error, request, reply) => answerError(error, request, reply, context));
      await api.register(websocket, {
        options: { maxPayload: maxFrameBytes },
        // A client's fault: the connection has answered it or is gone.
        errorHandler: (error) => context.logger.debug({ err: error }, 'socket fault'),
        preClose: async () => {
          await context.hub.close();
          api.websocketServer.close();
        },
      });
      // After the WebSocket's own hook, which marks the requests whose socket must be closed when they are refused.
      api.addHook('onRequest', (request, reply, done) => {
        allowOrigin(request, reply, context.config.origins);
        done();
      });
      await api.register(multipart, { limits: { files: 1, fields: 0, parts: 1 }, throwFileSizeLimit: false });
      serveApi(api, context);
    });
  };
}

function serveApi(api: FastifyInstance, context: ChatContext): void {
  const { config, sessions, tokens, transcript, limiters, clock } = context;

  async function sessionOf(request: FastifyRequest): Promise<string> {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const sessionId = token === undefined ? undefined : await tokens.verify(token);
    if (sessionId === undefined || (await sessions.find(sessionId)) === undefined) {
      throw new ChatRefusal('invalid_session', 'authorization: must be "Bearer " and a valid session token', {
        field: 'authorization',
      });
    }
    return sessionId;
  }

  api.options('/chat/v1/*', async (_request, reply) => reply.code(204).send());

  api.get('/chat/v1/ws', { websocket: true }, (socket, request) => {
    new ChatConnection(socket, request.ip, context);
  });

  api.post('/chat/v1/sessions', async (request, reply) => {
    const { site, ...profile } = readSessionRequest(request.body);
    if (site !== config.site) throw new ChatRefusal('unknown_site', 'site: is not served here', { field: 'site' });
    limiters.sessionsPerAddress.take(request.ip);
    const session = await openSession(sessions, { id: randomUUID(), site, profile, nowMs: clock.now() });
    const { token, expiresAtMs } = await tokens.issue(session.id);
    const tokenExpiresTime = new Date(expiresAtMs).toISOString();
    return reply.code(201).send({ sessionId: session.id, token, tokenExpiresTime });
  });

  api.post('/chat/v1/files', async (request, reply) => {
    const sessionId = await sessionOf(request);
    limiters.uploadsPerAddress.take(request.ip);
    const file = request.isMultipart()
      ? await request.file({ limits: { fileSize: Number.POSITIVE_INFINITY } })
      : undefined;
    if (file === undefined) {
      throw new ChatRefusal('bad_frame', 'file: must be one file as multipart/form-data', { field: 'file' });
    }
    const { id, attachment } = await takeUpload(
      {
        ...context,
        limits: {
          bytes: config.limits.uploadBytes,
          perSession: config.limits.uploadsPerSession,
          mediaTypes: config.limits.uploadMediaTypes,
        },
      },
      // The HTML standard writes a quote in a file name as %22.
      { id: randomUUID(), sessionId, name: file.filename.replaceAll('%22', '"'), content: file.file },
      clock.now(),
    );
    const { name, mediaType, size } = attachment;
    return reply.code(201).send({ id, name, mediaType, size });
  });

  api.get<{ Params: { sequence: string; index: string } }>(
    '/chat/v1/messages/:sequence(^\\d{1,9}$)/attachments/:index(^\\d{1,3}$)',
    async (request, reply) => {
      const sessionId = await sessionOf(request);
      const message = await transcript.at(sessionId, Number(request.params.sequence));
      const attachment = message?.attachments[Number(request.params.index)];
      const content = attachment && (await context.files.get(attachment.blobKey));
      if (attachment === undefined || content === undefined)
        throw new ChatRefusal('not_found', 'there is no such attachment in this chat');
      return (
        reply
          // Whatever it is: nothing of it runs, and nothing takes it for something else.
          .header('content-security-policy', "default-src 'none'; sandbox")
          .header('x-content-type-options', 'nosniff')
          .header('content-disposition', attachmentDisposition(attachment.name))
          .header('cache-control', 'private, max-age=86400, immutable')
          .header('content-length', attachment.size)
          .type(attachment.mediaType)
          .send(content)
      );
    },
  );
}

function allowOrigin(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): void {
  const { origin, host } = request.headers;
  if (!isOriginAllowed(origin, host, origins)) {
    throw new ChatRefusal('origin_not_allowed', `origin: ${origin} is not among CHAT_ORIGINS`, { field: 'origin' });
  }
  reply.header('vary', 'origin');
  if (origin === undefined) return;
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-allow-methods', 'GET, POST');
  reply.header('access-control-allow-headers', 'authorization, content-type');
  reply.header('access-control-max-age', '600');
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, context: ChatContext) {
  // A refused upload is read to its end, or the client would see a broken connection instead of the answer. One that
  // does not say where it ends is cut off.
  if (request.headers['content-length'] === undefined) reply.header('connection', 'close');
  else request.raw.resume();
  if (error instanceof ChatRefusal) {
    if (error.details.retryAfterMs !== undefined) {
      reply.header('retry-after', Math.ceil(error.details.retryAfterMs / 1000));
    }
    return reply.code(statusCodes[error.code] ?? 400).send(errorBody(error));
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  if (statusCode < 500) return reply.code(statusCode).send({ code: 'bad_frame', message });
  context.logger.error({ err: error }, 'request failed');
  return reply
    .code(503)
    .header('retry-after', '1')
    .send({ code: 'unavailable', message: 'this could not be done just now; try again', retryAfterMs: 1000 });
}

/** RFC 6266 and RFC 8187: the name in ASCII for the old, in UTF-8 for the rest. */
function attachmentDisposition(name: string): string {
  if (name === '') return 'attachment';
  const ascii = name.replace(/[^ -~]|["\\%]/g, '_');
  const utf8 = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${utf8}`;
}
