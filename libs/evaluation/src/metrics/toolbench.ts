import { z } from 'zod';
import { EvaluationError } from '../evaluation-error.js';
import { defineMetric, type Metric } from './metric.js';
import { predictedText } from './predicted-text.js';
import { parseToolBenchStep, scoreToolBenchStep, type ToolBenchScores } from './toolbench-static.js';

const Tools = z.array(z.string());

/** A measure of ToolBench-static over documents with a list `tools` of names; the right answer is the reference's step as text. */
function toolBench(name: string, part: keyof ToolBenchScores, higherIsBetter = true): Metric {
  return defineMetric({
    name,
    aggregation: 'mean_where_scored',
    higherIsBetter,
    options: z.strictObject({ compatible: z.boolean().default(false) }),
    functions: (options) => ({
      ofGeneration({ prediction, references, document }) {
        const tools = Tools.safeParse(document['tools']);
        if (!tools.success) throw new EvaluationError({ message: `The metric ${name} expects documents with a list "tools" of names; got ${JSON.stringify(document['tools']) ?? 'none'}.`, code: 'metric-not-applicable', facts: { metric: name } });
        return scoreToolBenchStep(parseToolBenchStep(predictedText(name, prediction)), parseToolBenchStep(references[0]!), tools.data, options)[part];
      },
    }),
  });
}

export const toolBenchPlanEm = toolBench('toolbench_plan_em', 'planEm');
export const toolBenchActEm = toolBench('toolbench_act_em', 'actEm');
export const toolBenchHallucinationRate = toolBench('toolbench_hallu_rate', 'hallucination', false);
export const toolBenchF1 = toolBench('toolbench_f1', 'f1');
export const toolBenchEasyF1 = toolBench('toolbench_easy_f1', 'easyF1');
export const toolBenchHardF1 = toolBench('toolbench_hard_f1', 'hardF1');
export const toolBenchRougeL = toolBench('toolbench_rougeL', 'rougeL');
