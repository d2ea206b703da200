import { EvaluationError } from '../evaluation-error.js';

/** By domain the words that stand for it where a judge names it; the first is what a judge is told to answer. */
export type DomainLabels = Readonly<Record<string, readonly string[]>>;

/** The six domains of VersaTune (arXiv 2411.11266), with words of our own. */
export const sixDomains: DomainLabels = {
  law: ['law', 'legal', 'contract', 'court'],
  medicine: ['medicine', 'medical', 'health', 'disease'],
  finance: ['finance', 'financial', 'accounting', 'money'],
  science: ['science', 'physics', 'engineering', 'chemistry'],
  code: ['code', 'programming', 'software', 'python'],
  other: ['other', 'general', 'everyday', 'writing', 'misc', 'language'],
};

/** @throws EvaluationError `domains-invalid` for fewer than two domains, and for a word that stands for several or for none. */
export function checkLabels(labels: DomainLabels): DomainLabels {
  const refuse = (message: string): never => {
    throw new EvaluationError({ message: `domains: ${message}`, code: 'domains-invalid', facts: { labels } });
  };
  if (Object.keys(labels).length < 2) refuse(`expected at least two; got ${Object.keys(labels).join(', ') || 'none'}.`);
  const owners = new Map<string, string>();
  for (const [domain, words] of Object.entries(labels)) {
    if (words.length === 0 || words.some((word) => word.trim() === '')) refuse(`expected words for ${domain} that are not empty.`);
    for (const word of words) {
      const owner = owners.get(word.toLowerCase());
      if (owner !== undefined && owner !== domain) refuse(`expected each word to stand for one domain; "${word}" stands for ${owner} and ${domain}.`);
      owners.set(word.toLowerCase(), domain);
    }
  }
  return labels;
}
