import { aggregateGroup } from './aggregate-group.js';

const results = new Map<string, { metrics: Record<string, number>; items: number }>([
  ['one', { metrics: { acc: 0.5, acc_stderr: 0.1, 'exact_match-strict': 0.2 }, items: 10 }],
  ['two', { metrics: { acc: 1, acc_stderr: 0.05 }, items: 30 }],
  ['other', { metrics: { acc: 0 }, items: 1000 }],
]);
const metric = { metric: 'acc', aggregation: 'mean', weight_by_size: true } as const;

test('by documents or each task the same, with the error that goes with it', () => {
  expect(aggregateGroup({ name: 'both', tasks: ['one', 'two'], metrics: [metric] }, results)).toEqual({ acc: 0.875, acc_stderr: expect.closeTo(0.04497806482930845, 12) });
  expect(aggregateGroup({ name: 'both', tasks: ['one', 'two'], metrics: [{ ...metric, weight_by_size: false }] }, results)).toEqual({ acc: 0.75, acc_stderr: expect.closeTo(Math.sqrt(0.0125) / 2, 12) });
});

test('metrics of filters are found by themselves, or named; tasks without an error leave the group without one', () => {
  expect(aggregateGroup({ name: 'both', tasks: ['one', 'two'], metrics: [{ ...metric, metric: 'exact_match' }] }, results)).toEqual({ 'exact_match-strict': 0.2 });
  expect(aggregateGroup({ name: 'both', tasks: ['one'], metrics: [{ ...metric, metric: 'exact_match', filter_list: 'none' }] }, results)).toEqual({});
  expect(Object.keys(aggregateGroup({ name: 'all', tasks: ['one', 'other'], metrics: [metric] }, results))).toEqual(['acc']);
});
