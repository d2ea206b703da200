import { isMetricItself, metricNames } from './metric-names.js';

test('what stands beside a metric is named after it, within its task', () => {
  const beside = Object.fromEntries(Object.entries(metricNames).map(([what, nameOf]) => [what, nameOf('v1.5.acc')]));
  expect(beside).toEqual({
    standardError: 'v1.5.acc_stderr', against: 'v1.5.against_acc', difference: 'v1.5.acc_difference', low: 'v1.5.acc_difference_low', high: 'v1.5.acc_difference_high', pValue: 'v1.5.acc_difference_p', items: 'v1.5.items',
  });
  expect(Object.values(beside).some(isMetricItself)).toBe(false);
  expect(['v1.5.acc', 'acc', 'qa.exact_match-strict', 'forgetting.loss_increase', 'qa.items_found'].every(isMetricItself)).toBe(true);
  expect(metricNames.against('acc')).toBe('against_acc');
});
