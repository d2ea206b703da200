import { TeacherAccount, type JournalPlace, type TeacherSource, type TeacherUsage } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import type { JudgePrompt } from '../planned-task.js';
import { ResultCache } from '../result-cache.js';

/** What reports call a judge. */
export function judgeName(source: TeacherSource): string {
  return source.kind === 'address' ? `${source.address.model} at ${new URL(source.address.url).host}` : source.name;
}

export interface JudgeOptions {
  readonly source: TeacherSource;
  /** Where what it says is kept, and what it is: its digest, or its address and name. */
  readonly cache?: { readonly folder: string; readonly judge: string };
  /** Where earlier attempts at the same job have kept what was paid for. */
  readonly journal: JournalPlace;
  /** Longest reply. */
  readonly maxNewTokens: number;
}

interface VerdictRequest extends JudgePrompt {
  readonly kind: 'verdict';
  readonly maxNewTokens: number;
}

/** Prompts that are asked and kept together. */
const batch = 64;

/** A model that judges, greedily. It is opened at the first prompt whose reply is not known yet. */
export class AnswerJudge implements AsyncDisposable {
  readonly #cache: ResultCache<VerdictRequest, { readonly text: string }> | undefined;
  #account: TeacherAccount | undefined;

  constructor(private readonly options: JudgeOptions) {
    const { cache, source } = options;
    this.#cache = cache && new ResultCache(cache.folder, { model: `judge ${cache.judge}`, dtype: source.kind === 'model' ? source.dtype : 'elsewhere' });
  }

  /** What the judge says to each prompt. @throws TeacherError, such as `spending-cap-reached`. */
  async ask(prompts: readonly JudgePrompt[], context: WorkContext): Promise<string[]> {
    const { source, journal, maxNewTokens } = this.options;
    const requests = prompts.map((prompt): VerdictRequest => ({ kind: 'verdict', ...prompt, maxNewTokens }));
    const said = requests.map((request) => this.#cache?.get(request)?.text);
    const missing = [...requests.keys()].filter((place) => said[place] === undefined);
    for (let start = 0; start < missing.length; start += batch) {
      const places = missing.slice(start, start + batch);
      this.#account ??= await TeacherAccount.open(source, journal, 'judge', context.signal);
      const onProgress: WorkContext['onProgress'] = ({ phase, done }) => context.onProgress({ phase, done: start + done, total: missing.length, unit: 'verdicts' });
      const completions = await this.#account.ask(places.map((place) => ({ system: prompts[place]!.system, user: prompts[place]!.user, seed: 1 })), { maxNewTokens, temperature: 0, topP: 1 }, batch, { ...context, onProgress });
      completions.forEach(({ text }, index) => {
        said[places[index]!] = text;
        this.#cache?.add(requests[places[index]!]!, { text });
      });
    }
    return said as string[];
  }

  /** What this job, earlier attempts included, has had it say; nothing where every reply was kept. */
  get usage(): TeacherUsage | undefined {
    return this.#account?.journal.usage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#account?.[Symbol.asyncDispose]();
    this.#cache?.[Symbol.dispose]();
  }
}
