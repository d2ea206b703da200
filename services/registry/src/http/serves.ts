import 'reflect-metadata';
import { applyDecorators, createParamDecorator, Header, HttpCode, RequestMapping, RequestMethod, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Endpoint } from '@tunesmith/contracts';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { readInput } from './read-input.js';

const endpointKey = Symbol('tunesmith:endpoint');

/** Says which route of the contract a controller's method serves. A route that the contract does not have, and so does not guard, cannot be served. */
export function Serves(endpoint: Endpoint): MethodDecorator {
  return applyDecorators(
    RequestMapping({ path: fastifyPath(endpoint), method: RequestMethod[endpoint.method] }),
    HttpCode(endpoint.answer.status),
    Header('cache-control', 'no-store'),
    SetMetadata(endpointKey, endpoint),
  );
}

/** The path as Fastify knows it, which is also what Nest takes. */
export function fastifyPath({ path }: Endpoint): string {
  return path.replace(/\{\w+\*\}/g, '*').replace(/\{(\w+)\}/g, ':$1');
}

/** What a request brings, checked by the schemas of its endpoint. */
export interface InputOf<Served extends Endpoint> {
  readonly parameters: Served['parameters'] extends z.ZodType ? z.output<Served['parameters']> : Record<string, never>;
  readonly query: Served['query'] extends z.ZodType ? z.output<Served['query']> : Record<string, never>;
  readonly body: Served['body'] extends z.ZodType ? z.output<Served['body']> : undefined;
}

/** Injects the checked input of a route as `InputOf<typeof api.…>`. */
export const Input = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const endpoint = Reflect.getMetadata(endpointKey, context.getHandler()) as Endpoint;
  return readInput(endpoint, context.switchToHttp().getRequest<FastifyRequest>());
});
