/** What a dataset folder holds: the canonical rows, one a line, and what is to be said of them. */
export const rowsFile = 'rows.jsonl';
export const reportFile = 'report.json';
