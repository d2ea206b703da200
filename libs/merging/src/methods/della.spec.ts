import { scope, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { keepsByRank } from '../testing/keeps-by-rank.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { della } from './della.js';

describeMergeMethod(della, { parameters: { weight: 0.5, density: 0.5 } });

keepsByRank(della);

test('refuses an epsilon that leads out of the range of probabilities', () => {
  scope(() => {
    const base = zeros([2, 2]);
    expect(() => mergeTensors(della, { base, models: [base] }, { weight: 1, density: 0.9 })).toThrow(/density \+ epsilon below 1; got density 0.9 and epsilon 0.15/);
  });
});
