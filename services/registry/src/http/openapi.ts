import { STATUS_CODES } from 'node:http';
import {
  AliasChange, api, ApplyRecipe, ArtifactManifest, ArtifactRef, AssessmentView, CreateUpload, DatasetRow, DatasetView, ExportArtifact, ExportedArtifact, FinishedSpan, HandedInGrades, HandInGrades, Health, LineageView, ModelVersionView, ModelView,
  OpenAiError, Problem, RaterView, Readiness, Recipe, RecipeStep, RecipeView, RunView, SetAlias, StartRun, StepView, UploadView, type Endpoint,
} from '@tunesmith/contracts';
import { z } from 'zod';
import type { Json } from '../runs/expression.js';

type Schema = { [key: string]: Json };

const named = {
  AliasChange, ApplyRecipe, ArtifactManifest, ArtifactRef, AssessmentView, CreateUpload, DatasetRow, DatasetView, ExportArtifact, ExportedArtifact, FinishedSpan, HandedInGrades, HandInGrades, Health, LineageView, ModelVersionView, ModelView,
  OpenAiError, Problem, RaterView, Readiness, Recipe, RecipeStep, RecipeView, RunView, SetAlias, StartRun, StepView, UploadView,
};

/** The OpenAPI 3.1 document of the API, made of the same data that serves it. */
export function openApiDocument(version: string): Schema {
  const schemas = new Schemas();
  const paths: Record<string, Schema> = {};
  for (const endpoint of Object.values<Endpoint>(api)) {
    const path = endpoint.path.replace(/\{(\w+)\*\}/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(endpoint, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tunesmith', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'Models, datasets, recipes and runs. Errors are application/problem+json.',
    },
    paths,
    components: { schemas: schemas.components(), securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'The token of the platform\'s token file.' }, formKey: { type: 'http', scheme: 'bearer', description: 'The key of one form, which stands in the address that raters open.' } } },
  };
}

function operationOf(endpoint: Endpoint, schemas: Schemas): Schema {
  const { id, summary, access, body } = endpoint;
  return {
    operationId: id,
    summary,
    security: access === 'public' ? [] : [{ token: [] }, ...(access === 'rater' ? [{ formKey: [] }] : [])],
    parameters: [...parametersOf('path', endpoint.parameters, schemas), ...parametersOf('query', endpoint.query, schemas)],
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body, 'input', schemas) } }),
    responses: responsesOf(endpoint, schemas),
  };
}

function parametersOf(place: 'path' | 'query', shape: z.ZodObject | undefined, schemas: Schemas): Schema[] {
  return Object.entries(shape?.shape ?? {}).map(([name, field]) => {
    const schema = schemas.of(field as z.ZodType, 'input');
    const required = place === 'path' || !(field as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, schema, ...(typeof schema['description'] === 'string' ? { description: schema['description'] } : {}) };
  });
}

function responsesOf({ access, answer, body, errors = {}, errorShape }: Endpoint, schemas: Schemas): Schema {
  const content: Schema = errorShape === 'openai' ? { 'application/json': { schema: schemas.of(OpenAiError, 'output') } } : { 'application/problem+json': { schema: schemas.of(Problem, 'output') } };
  const problem = (description: string, headers?: Schema): Schema => ({ description, ...(headers ? { headers } : {}), content });
  const text: Schema = { schema: { type: 'string' } };
  return {
    [answer.status]: { description: answer.description, content: { ...contentOf(answer.body, 'output', schemas), ...(answer.streamed && { 'text/event-stream': { schema: { type: 'string' } } }) } },
    400: problem('The path, the query or the body is not what the route takes.'),
    ...(access !== 'public' ? { 401: problem('The token is missing or wrong.', { 'WWW-Authenticate': text }) } : {}),
    ...(body === undefined ? {} : { 413: problem('The body is too large.'), 415: problem('The content-type is not one that the route takes.') }),
    ...Object.fromEntries(Object.entries(errors).map(([status, description]) => [status, problem(description ?? STATUS_CODES[status] ?? 'Error')])),
  };
}

function contentOf(body: z.ZodType | 'bytes' | 'events' | 'openapi' | 'page', direction: 'input' | 'output', schemas: Schemas): Schema {
  if (body === 'bytes') return { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
  if (body === 'page') return { 'text/html': { schema: { type: 'string' } } };
  if (body === 'events') return { 'text/event-stream': { schema: serverSentEvent } };
  return { 'application/json': { schema: body === 'openapi' ? { type: 'object' } : schemas.of(body, direction) } };
}

/** JSON Schemas of zod schemas; what has a name becomes a component, once. */
class Schemas {
  private readonly found = new Map<string, Schema>();
  private readonly registry = z.registry<{ id: string }>();

  constructor() {
    for (const [id, schema] of Object.entries(named)) this.registry.add(schema, { id });
  }

  components(): Record<string, Schema> {
    return Object.fromEntries([...this.found].sort(([left], [right]) => left.localeCompare(right)));
  }

  of(schema: z.ZodType, direction: 'input' | 'output'): Schema {
    const { $defs = {}, $schema: _dialect, id: _id, ...root } = z.toJSONSchema(schema, { io: direction, metadata: this.registry }) as Schema & { $defs?: Record<string, Schema> };
    const names = new Map(Object.entries($defs).map(([key, definition]) => [key, this.componentName(key, definition, direction)]));
    const renamed = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(renamed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === '$ref' && typeof inner === 'string' ? `#/components/schemas/${names.get(inner.slice('#/$defs/'.length))}` : renamed(inner)]));
    };
    for (const [key, { id: _own, ...definition }] of Object.entries($defs)) this.found.set(names.get(key)!, renamed(definition) as Schema);
    const own = this.registry.get(schema)?.id;
    if (!own) return renamed(root) as Schema;
    const name = this.componentName(own, root, direction);
    // A schema that refers to itself already stands among the definitions.
    if (!('$ref' in root)) this.found.set(name, renamed(root) as Schema);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** What a client sends may leave out what has a default, so it is another schema than what the server sends. */
  private componentName(key: string, definition: Schema, direction: 'input' | 'output'): string {
    // Zod numbers what refers to itself; here that is only "any JSON".
    if (key.startsWith('__') && Array.isArray(definition['anyOf'])) return 'Json';
    return direction === 'input' ? `${key}Input` : key;
  }
}

/** One event of a stream, field by field: how readers of OpenAPI take the schema of a text/event-stream. */
const serverSentEvent = {
  type: 'object',
  properties: { event: { enum: ['run', 'progress', 'end'] }, data: { type: 'string', contentMediaType: 'application/json' } },
  required: ['event', 'data'],
};
