/** What holds a seed in the prompt, and an item in the answer. */
const openTag = '<example>';
const closeTag = '</example>';

export interface InstructionPrompt {
  /** Seed instructions, two at least. */
  readonly examples: readonly string[];
  /** What the new items are to be about; none where the examples alone guide. */
  readonly topics: readonly string[];
  /** How many new items are asked for. */
  readonly items: number;
}

/**
 * Asks for new instructions as LaMini-LM does (2304.14402, section 3.1): seeds in tags, then six rules, the first of which names the topics where
 * there are any. The words are our own.
 */
export function instructionPrompt({ examples, topics, items }: InstructionPrompt): string {
  const about = topics.length === 0 ? '' : ` Between them they cover these topics: ${topics.join('; ')}.`;
  const rules = [
    `Write ${items} new examples. They are of the same kind as the ones above, and each is different from all others.${about}`,
    'Leave every example without its answer.',
    'Every example contains an instruction that somebody could follow.',
    'An instruction either commands or asks a question.',
    `Every example begins with ${openTag}.`,
    `Every example ends with ${closeTag}.`,
  ];
  return [...examples.map((example) => `${openTag}${example}${closeTag}`), '', 'Follow these rules:', ...rules.map((rule, index) => `${index + 1}. ${rule}`)].join('\n');
}

export interface ParsedItems {
  readonly items: readonly string[];
  /** Items that were begun and not ended, or ended and not begun. */
  readonly unclosed: number;
}

const tagPattern = /<(\/?)example>/gi;

/** The items in an answer: what stands between an opening tag and the closing tag that comes next. Half an item is none. */
export function parseItems(text: string): ParsedItems {
  const items: string[] = [];
  let unclosed = 0;
  let start: number | undefined;
  for (const tag of text.matchAll(tagPattern)) {
    if (tag[1] === '') {
      if (start !== undefined) unclosed += 1;
      start = tag.index + tag[0].length;
    } else if (start === undefined) unclosed += 1;
    else {
      items.push(text.slice(start, tag.index).trim());
      start = undefined;
    }
  }
  return { items, unclosed: unclosed + (start === undefined ? 0 : 1) };
}
