import type { FastifyPluginAsync } from 'fastify';

/**
 * `GET /simulators` where each simulator is, `/simulators/<provider>/…` its face for whoever plays the customer, passed on so
 * that the page needs no other address than its own. Only JSON is taken: a foreign site's form cannot post that.
 * @param simulators Their URLs by the provider's name, without a slash at the end.
 */
export function simulatorRoutes(simulators: Readonly<Record<string, string>>): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    app.get('/simulators', async () => simulators);
    app.route<{ Params: { provider: string; '*': string }; Body: string | undefined }>({
      method: ['GET', 'POST'],
      url: '/simulators/:provider/*',
      async handler(request, reply) {
        const { provider, '*': path } = request.params;
        const simulator = simulators[provider];
        if (simulator === undefined) return reply.code(404).send({ message: `no ${provider} is simulated here` });
        const { search } = new URL(request.url, 'http://page');
        const answer = await fetch(`${simulator}/simulator/${path}${search}`, {
          method: request.method,
          ...(request.body !== undefined && { body: request.body, headers: { 'content-type': 'application/json' } }),
        });
        return reply
          .code(answer.status)
          .type('application/json')
          .send(await answer.text());
      },
    });
  };
}
