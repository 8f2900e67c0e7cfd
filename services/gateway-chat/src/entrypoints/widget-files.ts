import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import files from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

const folder = fileURLToPath(new URL('../../widget/', import.meta.url));

/** What a host page must allow for the widget, and nothing else: the demo page shows that it is enough. */
const demoPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  // These two are the demo page's own.
  "style-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The widget's files, public for any page that names them in a script tag, and the demo page `/chat/v1/demo`. */
export function serveWidget(site: string): FastifyPluginAsync {
  return async (app) => {
    await app.register(files, {
      root: folder,
      prefix: '/chat/v1/widget/',
      allowedPath: (path) => /^\/?[a-z-]+\.(js|css)$/.test(path),
      index: false,
      maxAge: '5m',
      setHeaders(reply) {
        // Pages of other origins load the modules with CORS.
        reply.header('access-control-allow-origin', '*');
        reply.header('cross-origin-resource-policy', 'cross-origin');
        reply.header('x-content-type-options', 'nosniff');
      },
    });
    app.get('/chat/v1/widget.js', (_request, reply) => reply.sendFile('widget.js'));

    const demo = await readFile(`${folder}demo.html`, 'utf8');
    app.get<{ Querystring: { lang?: string } }>('/chat/v1/demo', async (request, reply) => {
      const language = /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/.exec(String(request.query.lang ?? ''))?.[0] ?? '';
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', demoPolicy)
        .send(demo.replace('"SITE"', `"${site}"`).replace('"LANGUAGE"', `"${language}"`));
    });
  };
}
