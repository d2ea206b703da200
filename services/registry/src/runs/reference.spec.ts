import fc from 'fast-check';
import { parseReference } from './reference.js';

const digest = `sha256:${'0a'.repeat(32)}`;

test.each([
  ['smollm2', { kind: 'name', name: 'smollm2' }],
  ['smollm2@prod', { kind: 'name', name: 'smollm2', alias: 'prod' }],
  ['smollm2:12', { kind: 'name', name: 'smollm2', version: 12 }],
  ['Qwen2.5-0.5B_x', { kind: 'name', name: 'Qwen2.5-0.5B_x' }],
  [digest, { kind: 'digest', digest }],
  [digest.slice(0, 15), { kind: 'digest', digest: digest.slice(0, 15) }],
  ['sha256:12345678', { kind: 'digest', digest: 'sha256:12345678' }],
  ['sha256:0a0a0a0a0a0a…', { kind: 'digest', digest: 'sha256:0a0a0a0a0a0a…' }],
  ['smollm2@prod#hf/gptq-int4', { kind: 'name', name: 'smollm2', alias: 'prod', format: 'hf/gptq-int4' }],
  ['/data/rows.jsonl', { kind: 'path', path: '/data/rows.jsonl' }],
  ['./rows.jsonl', { kind: 'path', path: './rows.jsonl' }],
  ['hf:ORG/NAME', { kind: 'path', path: 'hf:ORG/NAME' }],
  ['upload:0194d3f0-0000-7000-8000-000000000000', { kind: 'path', path: 'upload:0194d3f0-0000-7000-8000-000000000000' }],
  ['C:\\models\\x', { kind: 'path', path: 'C:\\models\\x' }],
])('%s', (text, expected) => {
  expect(parseReference(text)).toEqual(expected);
});

test.each(['', ' ', 'a b', 'name@', 'name:', 'name:0', 'name:1.5', 'name@a:1', '@prod', 'sha256:abc', 'sha256:1234567', `${digest}0`, 'name:99999999999', 'a\0b/c'])('"%s" is not a reference', (text) => {
  expect(parseReference(text)).toBeUndefined();
});

test('what is written is what is read', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  fc.assert(fc.property(name, fc.option(name), fc.integer({ min: 1, max: 1e8 }), (model, alias, version) => {
    expect(parseReference(alias === null ? `${model}:${version}` : `${model}@${alias}`)).toEqual({ kind: 'name', name: model, ...(alias === null ? { version } : { alias }) });
  }));
});
