import { issueMessage, type Endpoint } from '@tunesmith/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InputError, type InputProblem } from './input-error.js';
import { MediaTypeError } from './request-errors.js';

const nothing = z.strictObject({});
/** A route without a body takes `{}` too: some clients always send one. */
const noBody = z.strictObject({}).nullish();

/** Checks parameters, query and body of a request. @throws InputError that lists everything that is wrong. */
export function readInput(endpoint: Endpoint, request: Pick<FastifyRequest, 'params' | 'query' | 'body' | 'headers'>): { parameters: unknown; query: unknown; body: unknown } {
  checkMediaType(endpoint, request);
  const problems: InputProblem[] = [];
  const read = (at: string, schema: z.ZodType, value: unknown): unknown => {
    const parsed = schema.safeParse(value);
    for (const issue of parsed.error?.issues ?? []) problems.push({ at: [at, ...issue.path].join('.'), message: issueMessage(issue, value), ...(issue.code === 'unrecognized_keys' && { unknown: issue.keys[0]! }) });
    return parsed.data;
  };
  const parameters = read('path', endpoint.parameters ?? nothing, withWildcard(endpoint, request.params));
  const query = read('query', endpoint.query ?? nothing, withNumbers(endpoint.query, request.query));
  const body = endpoint.body === 'bytes' ? undefined : read('body', endpoint.body ?? noBody, request.body);
  if (problems.length > 0) throw new InputError(problems);
  return { parameters, query, body };
}

/** Nothing is guessed: what is not said to be JSON is not read as JSON. */
function checkMediaType({ body, method, path }: Endpoint, { headers }: Pick<FastifyRequest, 'headers'>): void {
  if (body === undefined) return;
  const expected = body === 'bytes' ? 'application/octet-stream' : 'application/json';
  const came = headers['content-type'];
  if (came?.split(';')[0]!.trim().toLowerCase() === expected) return;
  throw new MediaTypeError({ code: 'media-type-unsupported', message: `expected a body of content-type ${expected} for ${method} ${path}; got ${came ?? 'none'}` });
}

/** Fastify calls the rest of a path `*`. */
function withWildcard({ path }: Endpoint, params: unknown): unknown {
  const name = /\{(\w+)\*\}/.exec(path)?.[1];
  if (!name || typeof params !== 'object' || params === null) return params;
  return { ...Object.fromEntries(Object.entries(params).filter(([key]) => key !== '*')), [name]: (params as Record<string, unknown>)['*'] };
}

/** A query is text; what the schema expects as a number and looks like one becomes one. */
function withNumbers(schema: z.ZodObject | undefined, query: unknown): unknown {
  if (!schema || typeof query !== 'object' || query === null) return query;
  return Object.fromEntries(Object.entries(query).map(([name, value]) => {
    const field = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
    const isNumber = field !== undefined && innermost(field) instanceof z.ZodNumber && typeof value === 'string' && /^-?(?:0|[1-9]\d{0,15})$/.test(value);
    return [name, isNumber ? Number(value) : value];
  }));
}

function innermost(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? innermost(schema.unwrap()) : schema;
}
