import type { Teacher, TeacherPrompt, TeacherSampling } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { EvaluationError } from '../evaluation-error.js';
import type { DomainJudge, Verdict } from './domain-judge.js';
import { domainProbes, expectTellsApart } from './domain-probes.js';
import type { DomainLabels } from './domain-labels.js';

export interface AskedJudgeOptions {
  /** Of a text what the judge is shown, in characters. */
  readonly textCharacters: number;
  readonly seed: number;
}

/** As the released code of VersaTune samples its judge's answers. */
const sampling: TeacherSampling = { temperature: 0.7, topP: 0.8, maxNewTokens: 512 };

/**
 * A model behind an address that is asked for the label and nothing else. What it says counts where it is a label as it stands, in whatever case; anything
 * else is discarded, as in the released code of VersaTune.
 *
 * @throws EvaluationError `judge-silent` where it gives no label to texts that name each domain in turn, `judge-constant` where it gives one to all; TeacherError.
 */
export async function openAskedJudge(teacher: Pick<Teacher, 'complete'>, labels: DomainLabels, options: AskedJudgeOptions, context: WorkContext): Promise<DomainJudge> {
  const domains = Object.keys(labels);
  const judge = async (texts: readonly string[], within: WorkContext): Promise<Verdict[]> => {
    const answers = await teacher.complete(texts.map((text, place) => promptOf(text, domains, place, options)), sampling, within);
    return answers.map(({ text }) => verdictOf(text, domains));
  };
  const said = await judge(domainProbes(labels), { signal: context.signal, onProgress: () => undefined });
  const answered = said.filter((verdict) => verdict !== null);
  if (answered.length === 0) {
    throw new EvaluationError({ message: `judge: expected answers that are one of ${domains.join(', ')}; texts that name each of them got none. Take another judge.`, code: 'judge-silent', facts: { domains } });
  }
  expectTellsApart(answered, domains, { kind: 'asked' }, 'Ask a larger judge, or take domains that are further apart.');
  return { calibration: { kind: 'asked' }, judge };
}

function promptOf(text: string, domains: readonly string[], place: number, { textCharacters, seed }: AskedJudgeOptions): TeacherPrompt {
  return {
    system: `You sort texts by topic. The topics are: ${domains.join(', ')}. Answer with the one topic that fits a text best, in exactly these letters, and with nothing else.`,
    user: `Text:\n"""\n${text.slice(0, textCharacters).toWellFormed()}\n"""\n\nTopic:`,
    seed: (seed + place) % 2 ** 32,
  };
}

function verdictOf(answer: string, domains: readonly string[]): Verdict {
  const said = answer.trim().toLowerCase();
  const place = domains.findIndex((domain) => domain.toLowerCase() === said);
  return place < 0 ? null : domains.map((_, index) => (index === place ? 1 : 0));
}
