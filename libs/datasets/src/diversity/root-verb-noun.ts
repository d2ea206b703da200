/** What an instruction asks for: its root verb and what the verb is done to. */
export interface VerbNoun {
  readonly verb: string;
  readonly noun: string;
}

/** A word with what the tagger says of it. */
interface Term {
  readonly text: string;
  readonly tags: readonly string[];
  /** Punctuation after the word. */
  readonly post: string;
}

type Tagger = (text: string) => { json(): unknown };

/** Sentences beyond the first few only give details. */
const charactersRead = 300;

/**
 * Finds root verbs and their direct objects by parts of speech, as Self-Instruct's picture of diversity does by a constituency parser (2212.10560, section 4.1): the first verb
 * that is no auxiliary and does not stand in a participle's clause, and the head of the first noun phrase after it. Undefined for an instruction
 * without such a pair, such as "What is love?". English alone.
 */
export async function verbNounFinder(): Promise<(text: string) => VerbNoun | undefined> {
  const { default: nlp } = await import('compromise');
  const singular = remembered((word) => {
    const view = nlp(word);
    view.tag('Noun');
    return view.nouns().toSingular().text() || word;
  });
  const infinitive = remembered((word) => {
    const view = nlp(word);
    view.tag('Verb');
    return view.verbs().toInfinitive().text() || word;
  });
  return (text) => {
    for (const terms of sentencesOf(nlp, text)) {
      const pair = pairIn(terms);
      if (pair) return { verb: infinitive(pair.verb).split(' ').at(-1)!, noun: singular(pair.noun) };
    }
    return undefined;
  };
}

function remembered(find: (word: string) => string): (word: string) => string {
  const known = new Map<string, string>();
  return (word) => {
    const found = known.get(word) ?? find(word).toLowerCase();
    known.set(word, found);
    return found;
  };
}

function sentencesOf(tagger: Tagger, text: string): Term[][] {
  const sentences = tagger(text.slice(0, charactersRead)).json() as { terms?: { text?: string; normal?: string; tags?: string[]; post?: string }[] }[];
  return sentences.slice(0, 2).map(({ terms = [] }) => terms.map(({ text: word = '', normal = '', tags = [], post = '' }) => ({ text: (normal || word).toLowerCase(), tags, post })));
}

function pairIn(terms: readonly Term[]): VerbNoun | undefined {
  let from = 0;
  // "Given a list of numbers, …": the clause up to the comma is not what is asked.
  if (has(terms[0], 'Participle', 'Gerund', 'PastTense') || terms[0]?.text === 'given' || terms[0]?.text === 'using') from = terms.findIndex(({ post }) => post.includes(',')) + 1;
  for (let at = from; at < terms.length; at += 1) {
    const term = terms[at]!;
    if (!has(term, 'Verb') || has(term, 'Auxiliary', 'Modal', 'Copula') || isHelping(terms, at)) continue;
    const noun = objectAfter(terms, at);
    return noun === undefined ? undefined : { verb: term.text, noun };
  }
  return undefined;
}

/** "do" and its like before another verb of the question: "How do I make a cake?" */
function isHelping(terms: readonly Term[], at: number): boolean {
  if (!['do', 'does', 'did', 'have', 'has', 'had', 'be', 'is', 'are', 'was', 'were', 'please'].includes(terms[at]!.text)) return false;
  return terms.slice(at + 1, at + 5).some((term) => has(term, 'Verb'));
}

const joining = new Set(['of', 'in', 'on', 'at', 'for', 'about', 'with', 'from', 'to', 'by', 'into', 'between', 'and', 'or', 'that', 'which', 'who', 'whose']);

/** The last noun of the first noun phrase; none where a clause or a preposition comes first. */
function objectAfter(terms: readonly Term[], verb: number): string | undefined {
  let noun: string | undefined;
  for (const term of terms.slice(verb + 1)) {
    // The tagger takes "rivers of Asia" for one name.
    const isNoun = has(term, 'Noun') && !has(term, 'Pronoun') && !joining.has(term.text);
    if (isNoun) noun = term.text;
    else if (noun !== undefined) break;
    else if (!has(term, 'Determiner', 'Adjective', 'Value', 'Pronoun', 'Adverb', 'Possessive', 'Gerund') || has(term, 'QuestionWord', 'Preposition', 'Conjunction')) return undefined;
    // "some verbs, nouns": what follows a comma is another phrase.
    if (noun !== undefined && /[,.;:]/.test(term.post)) break;
  }
  return noun;
}

function has(term: Term | undefined, ...tags: readonly string[]): boolean {
  return term !== undefined && tags.some((tag) => term.tags.includes(tag));
}
