/** The words for metrics of questions with answers, and what they are among all metrics: compared as SQuAD does where that can be chosen. */
export const qaMetrics: Readonly<Record<string, Readonly<{ metric: string; squad?: boolean }>>> = {
  exact_match: { metric: 'exact_match', squad: true },
  f1: { metric: 'token_f1' },
  contains: { metric: 'contains' },
  rouge1: { metric: 'rouge1' },
  rouge2: { metric: 'rouge2' },
  rougeL: { metric: 'rougeL' },
  bleu: { metric: 'bleu' },
};

/** Those that are told where none are chosen. */
export const usualQaMetrics: readonly string[] = ['exact_match', 'f1', 'contains'];
