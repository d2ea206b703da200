import { isHiddenKey, objectPaths } from './object-paths.js';

test('files lie in a folder as they do below the prefix, in letters of every script', () => {
  expect(objectPaths(['set/law.train.jsonl', 'set/deep er/law.jsonl', 'set/über+more.jsonl', 'set//empty.jsonl'], 'set/')).toEqual(['law.train.jsonl', 'deep_er/law.jsonl', 'über_more.jsonl', '_/empty.jsonl']);
});

test('no two keys get one path, and none is the folder of another', () => {
  expect(objectPaths(['a b.jsonl', 'a+b.jsonl', 'A_B.jsonl', 'c', 'c/d.jsonl', 'e/f.jsonl', 'E'], '')).toEqual(['a_b.jsonl', '_/a_b.jsonl', '_/_/A_B.jsonl', 'c', '_/c/d.jsonl', 'e/f.jsonl', '_/E']);
});

test('what is hidden in a folder is hidden below a prefix', () => {
  expect(['set/a.jsonl', 'set/.a.jsonl', 'set/.cache/a.jsonl', 'set/../a.jsonl'].map((key) => isHiddenKey(key, 'set/'))).toEqual([false, true, true, true]);
  expect(isHiddenKey('.set/a.jsonl', '.set/')).toBe(false);
});
