import { isObject } from '@tunesmith/datasets';
import { isDeepStrictEqual } from 'node:util';
import { rougeL } from './rouge-score.js';

/** One step of an agent: it calls a tool, gives its answer, or gives up. */
export interface ToolBenchStep {
  readonly plan: 'call' | 'finish' | 'give up';
  /** The tool's name, `none` where the text has no action; undefined where it gave up. */
  readonly action?: string;
  /** The arguments as written. */
  readonly input: string;
  /** Of `finish`. */
  readonly answer?: string;
}

/** One sample's part in each measure; null where it has none. */
export interface ToolBenchScores {
  readonly planEm: number | null;
  readonly actEm: number | null;
  /** 1 for a tool that does not exist; 0 also for samples that count nowhere else. */
  readonly hallucination: number;
  readonly f1: number | null;
  /** Of calls whose reference has no arguments; a wrong name is 0 here and in `hardF1`. */
  readonly easyF1: number | null;
  readonly hardF1: number | null;
  readonly rougeL: number | null;
}

export interface ToolBenchOptions {
  /**
   * Drop references that gave up unless the prediction did too, as the published script does: Plan.EM can then only gain from them. Otherwise they
   * count for the plan.
   */
  readonly compatible: boolean;
}

/** What stands in ToolBench's references for a tool that the teacher made up. */
const inventedTool = 'invalid_hallucination_function_name';
/** What stands in the place of an answer that is absent or blank. */
const noAnswer = 'None';
const uncounted: ToolBenchScores = { planEm: null, actEm: null, hallucination: 0, f1: null, easyF1: null, hardF1: null, rougeL: null };

/** The last `Action:` and the last `Action Input:` of a text. */
export function parseToolBenchStep(text: string): ToolBenchStep {
  const input = afterLast(text, 'Action Input:') ?? '{}';
  const action = afterLast(text, 'Action:')?.split('Action Input:')[0]!.trim() ?? 'none';
  if (action !== 'Finish') return { plan: 'call', action, input };
  const given = parseJson(input);
  if (!isObject(given) || given['return_type'] !== 'give_answer') return { plan: 'give up', input: '{}' };
  const final = given['final_answer'] ?? noAnswer;
  const answer = typeof final === 'string' ? final : JSON.stringify(final);
  return { plan: 'finish', action, input, answer: ['', '.', ','].includes(answer.trim()) ? noAnswer : answer };
}

/**
 * ToolBench-static, the measures of agents without running their tools, as ModelScope's evalscope computes them; ROUGE-L is that of rouge_score.
 * `tools` are all names that may be called, `Finish` among them.
 */
export function scoreToolBenchStep(prediction: ToolBenchStep, reference: ToolBenchStep, tools: readonly string[], { compatible }: ToolBenchOptions): ToolBenchScores {
  const exists = ({ action }: ToolBenchStep) => action === 'none' || tools.includes(action!);
  const gaveUp = reference.action === undefined;
  if (reference.action === inventedTool) return uncounted;
  if (prediction.action !== undefined && (gaveUp ? compatible : !exists(reference))) return uncounted;
  const scores: ToolBenchScores = {
    ...uncounted,
    planEm: Number(prediction.plan === reference.plan),
    hallucination: Number(prediction.action !== undefined && !exists(prediction)),
  };
  if (reference.plan === 'finish') return { ...scores, rougeL: scoreAnswer(prediction.answer, reference.answer!) };
  return reference.plan === 'call' ? { ...scores, ...scoreCall(prediction, reference) } : scores;
}

/** A prediction that did not finish answers `none`, which differs from the absent answer of a reference by its capital only: ROUGE-L does not see that. */
function scoreAnswer(prediction: string | undefined, reference: string): number {
  return prediction === undefined && reference === noAnswer ? 0 : rougeL(prediction ?? 'none', reference);
}

function scoreCall(prediction: ToolBenchStep, reference: ToolBenchStep): Pick<ToolBenchScores, 'actEm' | 'f1' | 'easyF1' | 'hardF1'> {
  if ((prediction.action ?? 'none') !== reference.action) return { actEm: 0, f1: 0, easyF1: 0, hardF1: 0 };
  const right = parseJson(reference.input);
  // Nothing can be said about arguments whose reference cannot be read.
  if (right === undefined) return { actEm: 1, f1: null, easyF1: null, hardF1: null };
  const f1 = scoreArguments(parseJson(prediction.input), right);
  const easy = isObject(right) && Object.keys(right).length === 0;
  return { actEm: 1, f1, easyF1: easy ? f1 : null, hardF1: easy ? null : f1 };
}

/** F1 over the arguments by their names; one with another value counts half. */
function scoreArguments(said: unknown, right: unknown): number {
  if (!isObject(said) || !isObject(right)) return 0;
  const names = Object.keys(right);
  if (names.length === 0) return Number(Object.keys(said).length === 0);
  const matched = names.reduce((sum, name) => sum + (!Object.hasOwn(said, name) ? 0 : isDeepStrictEqual(said[name], right[name]) ? 1 : 0.5), 0);
  return (2 * matched) / (names.length + Object.keys(said).length);
}

function afterLast(text: string, mark: string): string | undefined {
  const place = text.lastIndexOf(mark);
  return place < 0 ? undefined : text.slice(place + mark.length).trim();
}

/** Undefined where the text is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
