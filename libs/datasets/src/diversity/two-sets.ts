/** Two sets that stand beside each other, on light and on dark pages. */
export const twoSets: readonly string[] = [
  '  .first { fill: #0969da; } .second { fill: #bc4c00; } .small { font-size: 10px; }',
  '  @media (prefers-color-scheme: dark) { .first { fill: #58a6ff; } .second { fill: #f0883e; } }',
];
