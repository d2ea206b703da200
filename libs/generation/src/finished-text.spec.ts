import { finishedText } from './finished-text.js';

describe('finishedText', () => {
  test.each([
    ['One. Two! Thr', 'One. Two!'],
    ['He said "stop." Then he', 'He said "stop."'],
    ['Pi is 3.14 and then', 'Pi is 3.14 and then'],
    ['Do this:\n\n1. Boil water.\n2. Add', 'Do this:\n\n1. Boil water.'],
    ['1. Boil', '1. Boil'],
    ['no end ', 'no end'],
    ['Whole.', 'Whole.'],
    ['', ''],
  ])('of %j is %j', (text, expected) => {
    expect(finishedText(text)).toBe(expected);
  });
});
