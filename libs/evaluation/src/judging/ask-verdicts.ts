import type { AskJudge, JudgePrompt } from '../planned-task.js';
import { reminded } from './judge-prompts.js';

/** What a judge said, and what it means; no verdict where it was not in form twice. */
export interface Verdict<Value> {
  readonly said: string;
  readonly verdict: Value | null;
  readonly askedAgain: boolean;
}

/** Asks for verdicts of a form; those that were not in form are asked again once, with a reminder. */
export async function askVerdicts<Value>(prompts: readonly JudgePrompt[], read: (text: string) => Value | undefined, form: string, ask: AskJudge): Promise<Verdict<Value>[]> {
  const first = (await ask(prompts)).map((said): Verdict<Value> => ({ said, verdict: read(said) ?? null, askedAgain: false }));
  const open = [...first.keys()].filter((place) => first[place]!.verdict === null);
  const again = open.length === 0 ? [] : await ask(open.map((place) => reminded(prompts[place]!, form)));
  open.forEach((place, index) => (first[place] = { said: again[index]!, verdict: read(again[index]!) ?? null, askedAgain: true }));
  return first;
}
