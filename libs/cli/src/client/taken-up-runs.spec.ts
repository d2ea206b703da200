import { takenUpRuns } from './taken-up-runs.js';

const answering = (answer: () => Promise<{ recipe: string; id: string }[]>) => ({ call: answer });

test('runs that go on are named with the command that ends them; none, or a platform that does not answer, is no word', async () => {
  expect(await takenUpRuns(answering(() => Promise.resolve([{ recipe: 'retrain', id: 'a1' }, { recipe: 'fusechat', id: 'b2' }])))).toEqual([
    'note: it goes on with what was stopped in the middle: retrain a1, fusechat b2; `tunesmith run cancel RUN` ends what is not wanted any more',
  ]);
  expect(await takenUpRuns(answering(() => Promise.resolve([])))).toEqual([]);
  expect(await takenUpRuns(answering(() => Promise.reject(new Error('gone'))))).toEqual([]);
});
