import { collectRows, DatasetWriter, ReportBuilder, type Row } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { GenerationError } from '../generation-error.js';
import { Answerer, responseStages, type OpenInstruction } from './answer-instructions.js';
import { Funnel } from './funnel.js';
import { samplingSeed } from './plan-requests.js';
import type { SynthesizeResponsesOptions } from './synthesis-options.js';
import { SynthesisSession } from './synthesis-session.js';
import type { SynthesisReport } from './synthesis-report.js';
import { whyNothing } from './why-nothing.js';
import { writeSynthesisReport, type SynthesisFolders } from './write-synthesis-report.js';

const stream = 106;

/**
 * The teacher answers the questions that a dataset has already, as LaMini-LM does with those of P3, FLAN and Alpaca (2304.14402, section 3.2): each
 * different first question of a row gets one concise answer. Tags stay, and the rows say where their answers come from.
 *
 * @throws GenerationError `nothing-synthesized`; what judge and teachers throw.
 */
export async function synthesizeResponses(options: SynthesizeResponsesOptions, outFolders: SynthesisFolders, context: WorkContext): Promise<SynthesisReport> {
  await using session = await SynthesisSession.open(options, context);
  const asked = await collectRows(options.datasetFolder, { signal: context.signal });
  const open = questionsOf(asked, options, session.teacher.name);
  const funnel = new Funnel(responseStages.map((filter) => ({ stage: 'response' as const, filter })));
  const { filters, responses: sampling, batch, validationShare } = options;
  const answerer = new Answerer({ ask: (...call) => session.ask(...call), sampling, filters, judge: session.judge, funnel, batch, validationShare });
  await using writer = await DatasetWriter.create(outFolders.dataset);
  const builder = new ReportBuilder();
  const rows: Row[] = [];
  const stoppedBy = await session.untilSpent(async () => {
    for await (const answered of answerer.answer(open, session.within(context, rows.length, open.length))) {
      for (const row of answered) {
        builder.add(row, { format: 'messages' });
        await writer.add(row);
        rows.push(row);
      }
    }
    return 'rows' as const;
  });
  if (rows.length === 0) {
    throw new GenerationError({
      message: `Expected answers to ${open.length} questions; none was left. ${whyNothing(stoppedBy, funnel.counts())}`,
      code: 'nothing-synthesized',
      facts: { questions: open.length, filters: funnel.counts() },
    });
  }
  const dataset = builder.finish();
  await writer.finish(dataset);
  return writeSynthesisReport({ kind: 'responses', teacher: session.teacher.name, rows: rows.length, wanted: open.length, stoppedBy, beyondWanted: 0, filters: funnel.counts(), ...session.accounts(), dataset }, { made: rows, beside: asked, besideName: 'before', encoderFolder: options.encoderFolder }, outFolders.report, context);
}

function questionsOf(rows: readonly Row[], { source, seed }: SynthesizeResponsesOptions, teacher: string): OpenInstruction[] {
  const open = new Map<string, OpenInstruction>();
  for (const [place, { messages, tags }] of rows.entries()) {
    const row = place + 1;
    const instruction = messages.find(({ role }) => role === 'user')?.content;
    if (instruction === undefined || open.has(instruction)) continue;
    const drawnWith = samplingSeed(seed, stream, row);
    open.set(instruction, { instruction, samplingSeed: drawnWith, tags: [...new Set([...tags, source])], origin: { source, teacher, prompt: 'response', seeds: [row], samplingSeed: drawnWith } });
  }
  if (open.size > 0) return [...open.values()];
  throw new GenerationError({ message: 'Expected rows with questions to answer; the dataset has plain text alone.', code: 'nothing-to-answer', facts: { rows: rows.length } });
}
