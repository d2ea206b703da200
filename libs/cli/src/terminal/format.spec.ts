import { displayWidth, fitWidth } from './display-width.js';
import { formatBytes, formatClock, formatCount, formatDuration, formatNumber } from './format.js';
import { table } from './table.js';

describe('figures for people', () => {
  it.each([[0, '0 B'], [1023, '1023 B'], [1536, '1.5 KB'], [98_362_432, '93.8 MB'], [270 * 1024 ** 2, '270 MB']])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
  it.each([[340, '340 ms'], [7240, '7.2 s'], [59_940, '59.9 s'], [59_960, '1:00'], [187_000, '3:07'], [3_753_000, '1:02:33']])('%d milliseconds are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
  it.each([[8000, '0:08'], [0, '0:00']])('%d milliseconds left are %s', (milliseconds, text) => {
    expect(formatClock(milliseconds)).toBe(text);
  });
  it.each([[93, '93'], [999_999, '999999'], [28_311_552, '28.3M'], [134_515_008, '135M'], [2e9, '2G']])('a count of %d is written %s', (value, text) => {
    expect(formatCount(value)).toBe(text);
  });
  it.each([[3, '3'], [1234.5, '1235'], [41.25, '41.3'], [0.83124, '0.8312'], [0.00021, '2.10e-4'], [Number.NaN, 'NaN']])('%d is written %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe('columns', () => {
  it('count what a terminal shows', () => {
    expect(['abc', 'größe', '模型', '😀', '\x1b[31mred\x1b[0m', 'e\u0301'].map(displayWidth)).toEqual([3, 5, 4, 2, 3, 1]);
    expect([fitWidth('abcdef', 4), fitWidth('模型模型', 5), fitWidth('abc', 3)]).toEqual(['abc…', '模型…', 'abc']);
  });
  it('are aligned', () => {
    expect(table(['NAME', 'ROWS'], [['a', '10'], ['模型x', '7']], ['ROWS'])).toEqual(['NAME   ROWS', 'a        10', '模型x     7']);
  });
});
