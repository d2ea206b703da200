import { collectRows, DatasetWriter, ReportBuilder, type Row } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { GenerationError } from '../generation-error.js';
import { TeacherError } from '../teachers/teacher-error.js';
import { Answerer, responseStages, type OpenInstruction } from './answer-instructions.js';
import { Funnel } from './funnel.js';
import { instructionPrompt, parseItems } from './instruction-prompt.js';
import { KnownInstructions } from './known-instructions.js';
import { planRequest, samplingSeed, type RequestPlan } from './plan-requests.js';
import { readTopics, type TopicList } from './read-topics.js';
import type { SynthesizeInstructionsOptions } from './synthesis-options.js';
import { SynthesisSession } from './synthesis-session.js';
import type { InstructionCounts, SynthesisReport } from './synthesis-report.js';
import { whyNothing } from './why-nothing.js';
import { writeSynthesisReport, type SynthesisFolders } from './write-synthesis-report.js';
import { instructionFormat, languageOf, withoutLabel, wordCount, type TextFilter } from './text-filters.js';
import { parseTopics, topicPrompt } from './topic-prompt.js';

export interface Seed {
  /** Number of the row in its dataset, from 1. */
  readonly row: number;
  readonly instruction: string;
}

const instructionStages = ['format', 'length', 'language', 'exact-duplicate', 'near-duplicate'] as const;
const streams = { responses: 104, topics: 105 };

/**
 * Makes a dataset of a teacher's knowledge as LaMini-LM does (2304.14402, section 3): seeds, and topics where asked, guide it to new instructions; it answers
 * each in few words; filters and a judge leave out what is not worth learning. Writes a dataset folder, whose
 * rows say where they come from, and a report folder.
 *
 * In rounds, so that whatever ends the work, the rows of the rounds before are whole. What the teacher says is on disk at once; the next
 * attempt reads it and goes on, and ends with the same bytes.
 *
 * @throws GenerationError `seeds-too-few`, `teacher-makes-no-items`, `nothing-synthesized`; what topics, judge and teachers throw.
 */
export async function synthesizeInstructions(options: SynthesizeInstructionsOptions, outFolders: SynthesisFolders, context: WorkContext): Promise<SynthesisReport> {
  const seedRows = await collectRows(options.seedsFolder, { signal: context.signal });
  const questions = questionsIn(seedRows);
  const seeds = shownSeeds(questions, seedRows.length, options);
  await using session = await SynthesisSession.open(options, context);
  const topics = options.topicShare > 0 ? await topicsOf(options, session, context) : undefined;
  const made = new InstructionRounds(options, seeds, questions, topics, session);
  const rows: Row[] = [];
  const stoppedBy = await session.untilSpent(async () => {
    while (rows.length < options.rows) {
      const open = await made.next(options.rows - rows.length, context);
      if (!open) return 'requests';
      for await (const answered of made.answerer.answer(open, session.within(context, rows.length, options.rows))) rows.push(...answered);
    }
    return 'rows';
  });
  const kept = rows.slice(0, options.rows);
  if (kept.length === 0) {
    throw new GenerationError({
      message: `Expected ${options.rows} rows; after ${made.counts.requests} requests for instructions none was left. ${whyNothing(stoppedBy, made.funnel.counts().map(({ stage, filter, dropped }) => ({ filter: `${stage} ${filter}`, dropped })))}`,
      code: 'nothing-synthesized',
      facts: { ...made.counts, filters: made.funnel.counts() },
    });
  }
  await using writer = await DatasetWriter.create(outFolders.dataset);
  const builder = new ReportBuilder();
  for (const row of kept) {
    builder.add(row, { format: 'messages' });
    await writer.add(row);
  }
  const dataset = builder.finish();
  await writer.finish(dataset);
  return writeSynthesisReport({
    kind: 'instructions',
    teacher: session.teacher.name,
    rows: kept.length,
    wanted: options.rows,
    stoppedBy,
    beyondWanted: rows.length - kept.length,
    instructions: { ...made.counts, seeds: seeds.length },
    ...(topics && { topics: { read: topics.read, kept: topics.topics.length, dropped: topics.dropped } }),
    filters: made.funnel.counts(),
    ...session.accounts(),
    dataset,
  }, { made: kept, beside: seedRows, besideName: 'seeds', encoderFolder: options.encoderFolder }, outFolders.report, context);
}

/** The first questions of a dataset's rows. */
function questionsIn(rows: readonly Row[]): Seed[] {
  return rows.flatMap(({ messages, text }, index): Seed[] => {
    const instruction = (messages.find(({ role }) => role === 'user')?.content ?? text ?? '').trim();
    return instruction === '' ? [] : [{ row: index + 1, instruction }];
  });
}

/** Those that requests show: different ones, and none too long. @throws GenerationError `seeds-too-few` */
function shownSeeds(questions: readonly Seed[], rows: number, { longestSeed, examples }: SynthesizeInstructionsOptions): Seed[] {
  const short = questions.filter(({ instruction }) => instruction.length <= longestSeed);
  const distinct = [...new Map(short.map((seed) => [seed.instruction, seed])).values()];
  if (distinct.length >= examples) return distinct;
  throw new GenerationError({
    message: `Expected at least ${examples} different seeds of at most ${longestSeed} characters, because each request shows ${examples}; got ${distinct.length} of ${rows} ${rows === 1 ? 'row' : 'rows'}. Add seeds, show fewer (two at least), or allow longer ones.`,
    code: 'seeds-too-few',
    facts: { seeds: distinct.length, rows, examples, longestSeed },
  });
}

/** Topics of the file, else of the teacher, who is asked a few times over. */
async function topicsOf({ topics, topicsPerRequest, seed }: SynthesizeInstructionsOptions, session: SynthesisSession, context: WorkContext): Promise<TopicList> {
  if (topics) return readTopics(topics.file, topics.filter);
  const prompts = Array.from({ length: 4 }, (_, place) => ({ user: topicPrompt(50), seed: samplingSeed(seed, streams.topics, place) }));
  const answers = await session.ask(prompts, { maxNewTokens: 300, temperature: 0.8, topP: 0.95 }, context);
  const lists = answers.map(({ text }) => parseTopics(text));
  const found = [...new Set(lists.flat())];
  const read = lists.reduce((sum, list) => sum + list.length, 0);
  if (found.length >= topicsPerRequest) return { topics: found, read, dropped: { words: 0, subcategories: 0, pages: 0, duplicate: read - found.length } };
  throw new TeacherError({
    message: `Expected the teacher ${session.teacher.name} to name at least ${topicsPerRequest} topics of one or two words; it named ${found.length}. It said: "${(answers[0]?.text ?? '').slice(0, 120)}". Give a file of topics, or leave topics out.`,
    code: 'teacher-names-no-topics',
    facts: { found: found.length },
  });
}

/** Rounds of requests for instructions, as many as the rows that are still wanted need by what came so far. */
class InstructionRounds {
  readonly funnel = new Funnel([...instructionStages.map((filter) => ({ stage: 'instruction' as const, filter })), ...responseStages.map((filter) => ({ stage: 'response' as const, filter }))]);
  readonly answerer: Answerer;
  readonly counts: { -readonly [Key in keyof Omit<InstructionCounts, 'seeds'>]: InstructionCounts[Key] } = { requests: 0, exampleGuided: 0, topicGuided: 0, items: 0, unclosed: 0, kept: 0 };
  private readonly known: KnownInstructions;
  private readonly filters: readonly TextFilter[];

  constructor(
    private readonly options: SynthesizeInstructionsOptions,
    private readonly seeds: readonly Seed[],
    questions: readonly Seed[],
    private readonly topics: TopicList | undefined,
    private readonly session: SynthesisSession,
  ) {
    const { filters, responses: sampling, batch, validationShare } = options;
    this.answerer = new Answerer({ ask: (...call) => session.ask(...call), sampling, filters, judge: session.judge, funnel: this.funnel, batch, validationShare });
    // What is too long to be shown is not to be repeated either.
    this.known = new KnownInstructions(questions.map(({ instruction }) => instruction), filters.nearDuplicates);
    this.filters = [instructionFormat, wordCount(filters.instructionWords), ...(filters.languages ? [languageOf(filters.languages)] : [])];
  }

  /** The next instructions that are worth an answer; undefined when the requests are used up. */
  async next(missing: number, context: WorkContext): Promise<OpenInstruction[] | undefined> {
    const { options, counts } = this;
    const left = options.mostRequests - counts.requests;
    if (left <= 0) return undefined;
    // Half of what is asked for is a fair guess until something has come.
    const yieldEach = counts.requests === 0 ? options.items / 2 : Math.max(counts.kept / counts.requests, 0.25);
    const size = Math.min(left, options.batch, Math.max(1, Math.ceil(missing / yieldEach)));
    const plans = Array.from({ length: size }, (_, place) => this.plan(counts.requests + place));
    const prompts = plans.map(({ seeds, topics, samplingSeed: seed }) => ({ user: instructionPrompt({ examples: seeds.map((place) => this.seeds[place]!.instruction), topics, items: options.items }), seed }));
    const completions = await this.session.ask(prompts, options.instructions, context);
    const found = plans.flatMap((plan, index) => {
      const { items, unclosed } = parseItems(completions[index]!.text);
      counts.requests += 1;
      counts[plan.guidance === 'topic' ? 'topicGuided' : 'exampleGuided'] += 1;
      counts.items += items.length;
      counts.unclosed += unclosed;
      return items.map((item) => ({ plan, instruction: withoutLabel(item) }));
    });
    this.expectItems(completions.map(({ text }) => text));
    const passed = found.filter(({ instruction }) => this.funnel.passes('instruction', this.filters, instruction));
    const duplicates = this.known.take(passed.map(({ instruction }) => instruction));
    return passed.flatMap(({ plan, instruction }, index) => {
      const duplicate = duplicates[index];
      if (duplicate) {
        this.funnel.drop('instruction', duplicate, instruction);
        return [];
      }
      counts.kept += 1;
      return [this.open(plan, instruction)];
    });
  }

  private plan(request: number): RequestPlan {
    const { seed, examples, topicShare, topicsPerRequest } = this.options;
    return planRequest(request, { seed, pool: this.seeds.length, examples, topics: this.topics?.topics ?? [], topicsPerRequest, topicShare });
  }

  private open(plan: RequestPlan, instruction: string): OpenInstruction {
    const { seed, source } = this.options;
    const { guidance, seeds, topics, samplingSeed: drawnWith } = plan;
    const prompt = guidance === 'topic' ? 'topic-guided' : 'example-guided';
    return {
      instruction,
      samplingSeed: samplingSeed(seed, streams.responses, this.counts.kept),
      tags: [source, prompt],
      origin: { source, teacher: this.session.teacher.name, prompt, seeds: seeds.map((place) => this.seeds[place]!.row), ...(topics.length > 0 && { topics: [...topics] }), samplingSeed: drawnWith },
    };
  }

  /** A teacher that makes no item in so many requests will not make one later. */
  private expectItems(answers: readonly string[]): void {
    const { counts, session } = this;
    if (counts.items > 0 || counts.requests < Math.min(8, this.options.mostRequests)) return;
    const said = answers.find((text) => text !== '');
    if (said === undefined) {
      throw new TeacherError({ message: `The teacher ${session.teacher.name} answered nothing to ${counts.requests} requests. Is it a model that follows instructions, with the template that it was tuned with?`, code: 'teacher-silent', facts: { ...counts } });
    }
    throw new TeacherError({
      message: `The teacher ${session.teacher.name} wrote no item between <example> and </example> in ${counts.requests} requests${counts.unclosed > 0 ? `, and ${counts.unclosed} that were not closed: allow it more tokens, or ask for fewer items` : ''}. It said: "${said.slice(0, 160)}". Try a stronger teacher, or show it three examples.`,
      code: 'teacher-makes-no-items',
      facts: { ...counts, said: said.slice(0, 500) },
    });
  }
}
