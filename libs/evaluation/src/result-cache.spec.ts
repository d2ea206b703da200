import { appendFileSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { ResultCache } from './result-cache.js';

const request = (continuation: string) => ({ kind: 'loglikelihood', context: 'c', continuation }) as const;
const result = (logProb: number) => ({ logProb, greedy: false, tokens: 1 });

test('results outlive their process, also one that was killed in the middle of a line; models and types have their own', async () => {
  await using folder = await temporaryFolder();
  const owner = { model: 'sha256:a', dtype: 'float32' };
  {
    using cache = new ResultCache(folder.path, owner);
    cache.add(request('x'), result(-1));
    cache.add(request('x'), result(-9)); // the first counts
  }
  const [name] = readdirSync(folder.path);
  appendFileSync(join(folder.path, name!), '["cut off in the');
  {
    using cache = new ResultCache(folder.path, owner);
    expect(cache.get(request('x'))).toEqual(result(-1));
    expect(cache.get(request('y'))).toBeUndefined();
    cache.add(request('y'), result(-2));
  }
  using again = new ResultCache(folder.path, owner);
  expect([again.get(request('x')), again.get(request('y'))]).toEqual([result(-1), result(-2)]);
  expect(readFileSync(join(folder.path, name!), 'utf8').split('\n')).toHaveLength(4);
  using other = new ResultCache(folder.path, { ...owner, dtype: 'bfloat16' });
  using adapted = new ResultCache(folder.path, { ...owner, adapter: 'sha256:tuned' });
  expect([other.get(request('x')), adapted.get(request('x'))]).toEqual([undefined, undefined]);
});

test('who asks afresh is told nothing of before, and leaves what comes then', async () => {
  await using folder = await temporaryFolder();
  const owner = { model: 'gpt https://example.com/v1', dtype: 'bfloat16' };
  for (const logProb of [-1, -2]) {
    using cache = new ResultCache(folder.path, owner, { fresh: true });
    expect(cache.get(request('x'))).toBeUndefined();
    cache.add(request('x'), result(logProb));
  }
  using after = new ResultCache(folder.path, owner);
  expect(after.get(request('x'))).toEqual(result(-2));
});

test('what nobody has used for a month is removed', async () => {
  await using folder = await temporaryFolder();
  const old = join(folder.path, 'old.jsonl');
  writeFileSync(old, '');
  utimesSync(old, 0, Date.now() / 1000 - 40 * 24 * 3600);
  using cache = new ResultCache(folder.path, { model: 'm', dtype: 'd' });
  expect(cache.get(request('x'))).toBeUndefined();
  expect(readdirSync(folder.path)).toHaveLength(1);
  expect(readdirSync(folder.path)).not.toContain('old.jsonl');
});
