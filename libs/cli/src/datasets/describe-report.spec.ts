import { describeReport } from './describe-report.js';

test('a report as a person reads it', () => {
  const lines = describeReport({
    rows: 3, bySplit: { train: 2, validation: 1 }, byTag: { law: { train: 2, validation: 1 } }, formats: { alpaca: 3 },
    files: [{ name: 'law.train.jsonl', forms: { alpaca: 3 }, rows: 3, dropped: 2 }], otherFiles: ['README.md'], ignoredKeys: { id: 3 }, duplicates: 1,
    nearDuplicates: { threshold: 0.8, rows: 2, acrossSplits: 1 }, waitingForAnswer: 1, placeholders: ['NAME'],
    languages: { examined: 3, shares: { eng: 0.75, und: 0.25 } },
    sensitive: { email: { hits: 2, rows: 1, first: [{ row: 2, where: 'messages[1]', masked: 'jo… (14 characters)' }] } },
    characters: { total: 300, trainedShare: 0.5, shortest: 90, longest: 120, histogram: [{ upTo: 128, rows: 3 }] },
    tokens: { renderedBy: 'contents', total: 60, trained: 30, trainedShare: 0.5, shortest: 18, longest: 24, mean: 20, histogram: [{ upTo: 32, rows: 3 }], unfinished: 1, refused: { rows: 1, first: { row: 3, message: 'no tools' } } },
    dropped: { rows: 2, reasons: { 'no-answer': 2 }, duplicates: 1, nearDuplicates: 4 },
  });
  expect(lines.slice(0, 4)).toEqual(['left out 2 rows that are not valid: 2 no-answer', 'left out 1 exact duplicate', 'left out 4 near duplicates', 'came as 3 alpaca']);
  const text = lines.join('\n');
  for (const part of [
    'law.train.jsonl     3         2  alpaca', 'not read: README.md', 'splits: 2 train, 1 validation', 'near duplicates: 2 rows from a resemblance of 0.8 on, 1 of them with the first in the other split',
    'languages (of 3 rows examined): eng 75.0 %, und 25.0 %', 'law      2           1  100.0 %', 'email     2     1  row 2 messages[1]: jo… (14 characters)',
    'tokens: 60, 18 to 24 a row, 20 on average; trained on: 30 (50.0 %)', "refused by the model's template: 1 row; row 3: no tools", '32     3  ████████████████████████',
  ]) expect(text).toContain(part);
});

test('an old report says what it has', () => {
  expect(describeReport({ rows: 2, bySplit: { train: 2, validation: 0 } })).toEqual(['splits: 2 train, 0 validation']);
});
