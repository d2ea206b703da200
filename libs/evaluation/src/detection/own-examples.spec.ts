import { sixDomains } from './domain-labels.js';
import { ownExamplesOf } from './own-examples.js';

test('the six domains have as many examples each, all different; other domains have none', () => {
  const examples = ownExamplesOf(sixDomains);
  expect(Object.entries(Object.groupBy(examples, ({ domain }) => domain)).map(([domain, some]) => [domain, some!.length])).toEqual(Object.keys(sixDomains).map((domain) => [domain, 10]));
  expect(new Set(examples.map(({ text }) => text)).size).toBe(60);
  expect(ownExamplesOf({ ...sixDomains })).toBe(examples);
  expect(ownExamplesOf({ ...sixDomains, law: ['law'] })).toEqual([]);
  expect(ownExamplesOf({ numbers: ['numbers'], waves: ['waves'] })).toEqual([]);
});
