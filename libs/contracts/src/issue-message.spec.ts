import { z } from 'zod';
import { issueMessage } from './issue-message.js';

const schema = z.strictObject({
  name: z.string().min(1), rank: z.int().min(1).max(64), rate: z.number().gt(0), kind: z.enum(['a', 'b']), format: z.enum(['gguf/q4_k_m', 'onnx/int4']), rows: z.array(z.string()).min(1), id: z.uuid(), settings: z.record(z.string(), z.number()),
  either: z.union([z.string(), z.number()]), own: z.string().regex(/^x/, 'expected an x first'),
}).partial();

test.each([
  [{ name: 3 }, 'expected a text; got 3'],
  [{ name: '' }, 'expected a text that is not empty; got ""'],
  [{ rank: 0 }, 'expected a number of at least 1; got 0'],
  [{ rank: 65 }, 'expected a number of at most 64; got 65'],
  [{ rank: 1.5 }, 'expected a whole number; got 1.5'],
  [{ rate: 0 }, 'expected a number above 0; got 0'],
  [{ kind: 'c' }, 'expected one of a, b; got "c"'],
  [{ format: 'gguf/q4km' }, 'expected one of gguf/q4_k_m, onnx/int4; got "gguf/q4km": did you mean "gguf/q4_k_m"?'],
  [{ rows: [] }, 'expected a list that is not empty; got an empty list'],
  [{ rows: 'x' }, 'expected a list; got "x"'],
  [{ rows: { x: 1 } }, 'expected a list; got names with values'],
  [{ id: 'nosuch' }, 'expected UUID; got "nosuch"'],
  [{ settings: null }, 'expected names with values; got null'],
  [{ either: true }, 'expected a text or a number; got true'],
  [{ own: 'y' }, 'expected an x first; got "y"'],
  [{ other: 1 }, 'Unrecognized key: "other"'],
])('%j: %s', (value, message) => {
  expect(schema.safeParse(value).error!.issues.map((issue) => issueMessage(issue, value))).toEqual([message]);
});

test('what is not there is missing; what compares several values says itself what came', () => {
  const whole = z.strictObject({ a: z.number(), b: z.number() }).refine(({ a, b }) => a < b, { path: ['a'], error: 'expected a below b; got the same or more' });
  const messages = (value: unknown) => whole.safeParse(value).error!.issues.map((issue) => issueMessage(issue, value));
  expect(messages({ a: 1 })).toEqual(['expected a number; it is missing']);
  expect(messages({ a: 2, b: 1 })).toEqual(['expected a below b; got the same or more']);
});
