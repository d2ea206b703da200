import { z } from 'zod';

/**
 * One route of the HTTP API, as data: the registry serves it, the command calls it, and the OpenAPI document is made of it. Every route
 * says who may call it; a route without that does not exist.
 */
export interface Endpoint {
  /** The operationId in the OpenAPI document. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With parameters in braces, such as `/v1/runs/{id}`; a last `{name*}` takes the rest of the path. */
  readonly path: string;
  /** `token`: needs the bearer token of the token file. `rater`: that, or the key of the form whose digest the path names. `public`: answers anyone. */
  readonly access: 'token' | 'rater' | 'public';
  readonly summary: string;
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A schema for JSON; `bytes` for application/octet-stream. */
  readonly body?: z.ZodType | 'bytes';
  readonly answer: {
    readonly status: 200 | 201 | 202; readonly body: z.ZodType | 'bytes' | 'events' | 'openapi' | 'page'; readonly description: string;
    /** Where the request asks for it, the same piece by piece, as server-sent events without names that end with `data: [DONE]`. */
    readonly streamed?: true;
  };
  /** What may go wrong beyond what every route can answer (400, 401, 405 and the like), by status. */
  readonly errors?: Readonly<Partial<Record<404 | 409 | 429 | 503 | 504, string>>>;
  /** The shape of its errors; default: problem (RFC 9457). */
  readonly errorShape?: 'openai';
}

export function defineEndpoint<const Definition extends Endpoint>(definition: Definition): Definition {
  return Object.freeze(definition);
}
