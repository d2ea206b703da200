import { importDataset, importModel, chat, train } from '@tunesmith/contracts';
import fc from 'fast-check';
import { cacheKey, canonicalJson } from './step-cache.js';

const content = `sha256:${'1'.repeat(64)}`;

test('the key does not depend on the order of keys, and on everything else', () => {
  const spec = { model: { digest: 'a', size: 1 }, batch: 8, steps: [1, 2] };
  expect(cacheKey(train, { steps: [1, 2], batch: 8, model: { size: 1, digest: 'a' } }, null)).toBe(cacheKey(train, spec, null));
  for (const other of [{ ...spec, batch: 9 }, { ...spec, steps: [2, 1] }, { ...spec, model: { digest: 'b', size: 1 } }, { ...spec, seed: 1 }]) {
    expect(cacheKey(train, other, null)).not.toBe(cacheKey(train, spec, null));
  }
  // Results of older code are not found by newer code.
  expect(cacheKey({ ...train, revision: (train.revision ?? 0) + 1 }, spec, null)).not.toBe(cacheKey(train, spec, null));
});

test('an import is known by its bytes, not by its path or name', () => {
  const key = cacheKey(importDataset, { path: '/a/rows.jsonl', name: 'x', skipInvalid: false }, content);
  expect(cacheKey(importDataset, { path: '/b/other.jsonl', skipInvalid: false }, content)).toBe(key);
  expect(cacheKey(importDataset, { path: '/a/rows.jsonl', skipInvalid: true }, content)).not.toBe(key);
  expect(cacheKey(importDataset, { path: '/a/rows.json', skipInvalid: false }, content)).not.toBe(key);
  expect(cacheKey(importModel, { path: '/a/rows.jsonl', skipInvalid: false }, content)).not.toBe(key);
});

test('what may differ from time to time has no key', () => {
  expect(cacheKey(chat, {}, null)).toBeNull();
  expect(cacheKey(importModel, { path: 'hf:ORG/NAME' }, null)).toBeNull();
});

test('canonical JSON is JSON of the same value', () => {
  fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
    const plain = JSON.parse(JSON.stringify(value)) as never;
    expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
  }));
});
