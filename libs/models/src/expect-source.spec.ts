import { expectSource } from './expect-source.js';

const source = {};

test('a source is there if, and only if, the model reads one and nothing remembers it', () => {
  expect(() => expectSource({ readsSource: true }, { source })).not.toThrow();
  expect(() => expectSource({}, {})).not.toThrow();
  expect(() => expectSource({ readsSource: true }, {}, { remembered: true })).not.toThrow();
  expect(() => expectSource({ readsSource: true }, {})).toThrow(/encoder-decoder: expected a source/);
  expect(() => expectSource({}, { source })).toThrow(/no encoder/);
  expect(() => expectSource({ readsSource: true }, { source }, { remembered: true })).toThrow(/the cache already holds/);
});
