import { defineCommand } from '../command.js';
import { findRunId, runArgument } from '../runs/find-run.js';
import { drawWaterfall } from '../runs/draw-waterfall.js';

export const trace = defineCommand<[run: string], object>({
  configure(command) {
    command.argument('<run>', runArgument).addHelpText('after', '\nOne line is one span: service, name, when in the run, milliseconds.');
  },

  async run({ arguments: [named] }, session) {
    const [id, platform] = [await findRunId(session, named), await session.platform()];
    const [run, spans] = [await platform.call('GET /v1/runs/{id}', { parameters: { id } }), await platform.call('GET /v1/traces/{runId}', { parameters: { runId: id } })];
    return { document: { run: id, traceId: run.traceId, spans }, lines: [`run ${id}  trace ${run.traceId}  ${spans.length} spans`, ...drawWaterfall(spans, session.terminal)] };
  },
});
