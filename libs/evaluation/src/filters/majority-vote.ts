import { defineFilter } from './response-filter.js';

/** The response that occurs most often, of equally frequent ones the first, as a list of one. */
export const majorityVote = defineFilter({
  name: 'majority_vote',
  apply(responses) {
    const list = Array.isArray(responses) ? (responses as unknown[]) : [responses];
    const counts = new Map<unknown, number>();
    for (const each of list) counts.set(each, (counts.get(each) ?? 0) + 1);
    const most = Math.max(...counts.values());
    return [list.find((each) => counts.get(each) === most)];
  },
});
