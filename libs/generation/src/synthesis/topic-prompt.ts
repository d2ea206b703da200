/** Asks for topics where no file has them. */
export function topicPrompt(count: number): string {
  return [
    `Name ${count} topics that people want to know about or need help with. Spread them over science, history, arts, work, home, technology, health, law, money, sports and travel.`,
    'A topic is one or two words. Write each on a line of its own, with no number and nothing else.',
  ].join('\n');
}

/** The topics in an answer: its lines, without list marks, of one or two words. */
export function parseTopics(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/^\s*(?:[-*•]|\d+[.):])\s*/, '').replace(/[\s.,;:]+$/, '').trim());
  return [...new Set(lines.filter((line) => /^\p{L}[\p{L}\p{N}'’&-]*(?: \p{L}[\p{L}\p{N}'’&-]*)?$/u.test(line)))];
}
