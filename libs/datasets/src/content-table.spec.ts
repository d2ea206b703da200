import { createHash } from 'node:crypto';
import { ContentTable } from './content-table.js';

const hashOf = (number: number): Buffer => createHash('sha256').update(String(number)).digest();

test('remembers where each of many contents was first seen', () => {
  const table = new ContentTable();
  const place = (number: number) => ({ file: number % 3, line: number, split: number % 2 === 0 ? ('train' as const) : ('validation' as const) });
  const count = 60_000;
  let known = 0;
  for (let number = 0; number < count; number += 1) if (table.firstOf(hashOf(number), place(number))) known += 1;
  expect(known).toBe(0);
  for (let number = 0; number < count; number += 97) {
    expect(table.firstOf(hashOf(number), { file: 9, line: 9, split: 'train' })).toEqual(place(number));
    expect(table.find(hashOf(number))).toEqual(place(number));
  }
  expect(table.find(hashOf(-1))).toBeUndefined();
  table.clear();
  expect(table.find(hashOf(97))).toBeUndefined();
  expect(table.firstOf(hashOf(97), place(97))).toBeUndefined();
  expect(table.find(hashOf(97))).toEqual(place(97));
});
