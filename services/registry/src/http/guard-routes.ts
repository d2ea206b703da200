import { NotFoundException } from '@nestjs/common';
import { api, type Endpoint } from '@tunesmith/contracts';
import { PlatformError } from '@tunesmith/platform';
import type { FastifyInstance } from 'fastify';
import type { AccessToken } from './access-token.js';
import { fastifyPath } from './serves.js';

/** What platform serves in every service, for whoever restarts or routes it. Public, and no part of the API. */
const ofPlatform = ['GET /health/live', 'GET /health/ready'];

/**
 * Lets a request in only as its route declares, before its body is read. A route that the contract does not declare is an error at start,
 * and so is a declared one that nothing serves: `check` says so.
 */
export function guardRoutes(fastify: FastifyInstance, token: AccessToken): { check(): void } {
  const declared = new Map(Object.values<Endpoint>(api).map((endpoint) => [`${endpoint.method} ${fastifyPath(endpoint)}`, endpoint]));
  const served = new Set<string>();
  const undeclared: string[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      const route = `${each} ${url}`;
      if (declared.has(route)) served.add(route);
      else if (!ofPlatform.includes(route)) undeclared.push(route);
    }
  });
  fastify.addHook('onRequest', async (request) => {
    // Before the body is read, because what it is does not matter any more.
    if (request.is404) throw new NotFoundException();
    const route = `${request.method} ${request.routeOptions.url ?? ''}`;
    const access = declared.get(route)?.access;
    if (access === 'public' || ofPlatform.includes(route)) return;
    token.check(request.headers.authorization, access === 'rater' ? (request.params as { digest?: string }).digest : undefined);
  });
  return {
    check: () => {
      const missing = [...declared.keys()].filter((route) => !served.has(route));
      if (undeclared.length === 0 && missing.length === 0) return;
      const problems = [...undeclared.map((route) => `${route} is served but not declared; add it to api in contracts`), ...missing.map((route) => `${route} is declared but not served; add a controller method with @Serves`)];
      throw new PlatformError({ code: 'routes-incomplete', message: `The routes of the registry do not fit the contract:\n- ${problems.join('\n- ')}`, facts: { problems } });
    },
  };
}
