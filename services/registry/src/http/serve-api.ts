import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { largestBody } from '@tunesmith/contracts';
import type { StartOptions } from '@tunesmith/platform';
import type { FastifyInstance } from 'fastify';
import { openAiError } from '../openai/openai-error.js';
import { AccessToken } from './access-token.js';
import { guardRoutes } from './guard-routes.js';
import { ProblemFilter, problemOf } from './problem.filter.js';

/** Of a parameter in a path: the longest is a file's path in an artifact. */
const longestParameter = 2048;

/** How the registry's HTTP server is made and guarded: options for `startService`. */
export const serveApi: Pick<StartOptions, 'fastify' | 'prepare'> = {
  fastify: {
    bodyLimit: largestBody,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: longestParameter },
    // The router refuses a malformed URL before any route, filter or hook is known.
    frameworkErrors(error, { url }, reply) {
      const problem = problemOf(error.statusCode ?? 400, { code: 'path-invalid', message: `expected a well-formed path; ${error.message}`, facts: {} });
      reply.raw.statusCode = problem.status;
      const isOpenAi = url.startsWith('/openai/');
      reply.raw.setHeader('content-type', isOpenAi ? 'application/json' : 'application/problem+json');
      reply.raw.end(JSON.stringify(isOpenAi ? openAiError(problem, error, url) : problem));
    },
  },
  async prepare(application: NestFastifyApplication): Promise<void> {
    const fastify: FastifyInstance = application.getHttpAdapter().getInstance();
    const routes = guardRoutes(fastify, application.get(AccessToken, { strict: false }));
    fastify.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload)); // Bytes stay a stream.
    application.useGlobalFilters(new ProblemFilter());
    await application.init();
    routes.check();
  },
};
