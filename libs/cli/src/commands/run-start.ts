import { defineCommand } from '../command.js';
import { collectPairs } from '../options.js';
import { provideInputs } from '../runs/provide-inputs.js';
import { resolveReference } from '../runs/references.js';
import { detached } from '../runs/run-job.js';
import { runResult } from '../runs/run-result.js';
import type { StepSettings } from '../runs/step-settings.js';
import { startAndWait } from '../runs/wait-for-run.js';

interface Options {
  readonly dataset?: string;
  readonly event?: StepSettings;
  readonly input?: StepSettings;
  readonly detach?: true;
}

export const runStart = defineCommand<[recipe: string], Options>({
  configure(command) {
    command
      .argument('<recipe>', 'the name of an applied recipe')
      .option('--input <NAME=VALUE>', 'what ${{ inputs.NAME }} stands for: a value, a registered reference or a path, as the recipe says; may be given again', collectPairs)
      .option('--dataset <dataset>', 'what ${{ event.dataset }} stands for: a registered reference or a path')
      .option('--event <NAME=VALUE>', 'another part of the event; may be given again', collectPairs)
      .option('--wait', 'wait for the end (the default)')
      .option('--detach', 'return at once and print the run id');
  },

  async run({ arguments: [recipe], options }, session) {
    const event: StepSettings = { ...options.event };
    if (options.dataset !== undefined) event['dataset'] = await resolveReference(session, options.dataset, '--dataset');
    const request = { recipe, event, ...(options.input && { inputs: await provideInputs(session, recipe, options.input) }) };
    if (options.detach) return detached(await (await session.platform()).call('POST /v1/runs', { body: request }));
    return runResult(await startAndWait(session, request, { reasons: session.json }), session.terminal);
  },
});
