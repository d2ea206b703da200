import { CodeJail } from '../code-jail/code-jail.js';

const opened: CodeJail | Error = await CodeJail.open().catch((reason: unknown) => reason as Error);
if (opened instanceof Error) console.warn(`Tests that run generated code are skipped: ${opened.message}`);

/** For tests that `testWithJail` and `describeWithJail` let run. */
export const jail = opened as CodeJail;

/** Where the kernel lets no jail be made (in some containers), what runs generated code is skipped. */
export const testWithJail = opened instanceof Error ? test.skip : test;
export const describeWithJail = opened instanceof Error ? describe.skip : describe;
