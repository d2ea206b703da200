import { domainWeights } from './domain-weights.js';

const domains = ['law', 'medicine', 'code'];
const shares = { law: 0.2, medicine: 0.3, code: 0.5 };
const rounded = (weights: Readonly<Record<string, number>>): Record<string, number> => Object.fromEntries(Object.entries(weights).map(([domain, weight]) => [domain, Number(weight.toFixed(10))]));

test.each([
  ['uniform' as const, undefined, { law: 1 / 3, medicine: 1 / 3, code: 1 / 3 }],
  ['detected' as const, shares, shares],
  ['inverse' as const, shares, { law: 0.4, medicine: 0.35, code: 0.25 }],
  [{ law: 0.25, code: 0.75 }, undefined, { law: 0.25, code: 0.75 }],
])('%j', (choice, given, expected) => {
  expect(rounded(domainWeights(choice, domains, given))).toEqual(rounded(expected));
});

test('thirds to six digits are as good as thirds, and sum to one', () => {
  const weights = domainWeights({ law: 0.333333, medicine: 0.333333, code: 0.333333 }, domains);
  expect(Object.values(weights).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 15);
});

test('the inverse of a single domain is that domain', () => expect(domainWeights('inverse', ['law'], { law: 1 })).toEqual({ law: 1 }));

test.each([
  [{ law: 0.5, code: 0.4 }, undefined, 'weights-sum', 'sum to 0.9. Divide each by 0.9'],
  [{ law: 1.5, code: -0.5 }, undefined, 'weight-invalid', 'a number from 0 for code; got -0.5'],
  [{ law: 0.5, art: 0.5 }, undefined, 'domain-unknown', 'out of law, medicine, code; got "art"'],
  ['inverse' as const, undefined, 'shares-missing', 'inverse needs the shares'],
  ['uniform' as const, shares, 'shares-superfluous', 'weights are uniform'],
  ['detected' as const, { law: 0.5 }, 'weights-sum', 'shares: expected numbers that sum to 1'],
])('%j is refused: %s %s', (choice, given, code, message) => {
  expect(() => domainWeights(choice, domains, given)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
});
