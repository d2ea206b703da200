import { join } from 'node:path';
import type { CommandResult } from '../command.js';
import { placeResult } from '../runs/place-artifact.js';
import type { FinishedJob } from '../runs/run-job.js';
import type { Session } from '../session.js';

/** Adds the report (report.json and loss.svg) to the result of a training; `--out DIR` gets it as DIR/report. */
export async function placeReport(session: Session, job: FinishedJob, result: CommandResult, out: string | undefined): Promise<CommandResult> {
  const report = job.step.outputs['report'];
  if (!report) return result;
  const path = await placeResult(session, report, out === undefined ? undefined : join(out, 'report'));
  return {
    ...result,
    document: { ...(result.document as object), report: { artifact: report.digest, path } },
    lines: [...result.lines, path === null ? `see the loss: tunesmith model export ${report.digest} --out DIR` : `report  ${path}`],
  };
}
