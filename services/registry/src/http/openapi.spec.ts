import { api } from '@tunesmith/contracts';
import { openApiDocument } from './openapi.js';

const document = openApiDocument('0.0.0') as { openapi: string; paths: Record<string, Record<string, { operationId: string; security: unknown[] }>>; components: { schemas: Record<string, unknown> } };

test('every route of the contract stands in the document, each with its own operationId', () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(operations.map(({ operationId }) => operationId).sort()).toEqual(Object.values(api).map(({ id }) => id).sort());
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test('every reference has its component', () => {
  const text = JSON.stringify(document);
  const wanted = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
  expect(wanted.length).toBeGreaterThan(20);
  for (const ref of wanted) expect(Object.keys(document.components.schemas)).toContain(ref.replace('#/components/schemas/', ''));
  expect(text).not.toContain('$defs');
});

test('what may be left out is not required of a client', () => {
  const { StartRunInput, RunView } = document.components.schemas as Record<string, { anyOf?: { required: string[] }[]; required?: string[] }>;
  expect(StartRunInput!.anyOf!.map(({ required }) => required)).toEqual([['recipe'], ['name', 'steps']]);
  expect(RunView!.required).toContain('traceId');
});

test('only health, readiness, the document itself and the empty page for raters are public', () => {
  const open = Object.values(document.paths).flatMap((methods) => Object.values(methods)).filter(({ security }) => security.length === 0);
  expect(open.map(({ operationId }) => operationId).sort()).toEqual(['getHealth', 'getOpenApi', 'getReadiness', 'openAssessment']);
});
