import { z } from 'zod';

/** Every error answer (RFC 9457, application/problem+json). `detail` says what was expected, what came, what to try. */
export const Problem = z.strictObject({
  type: z.string(), title: z.string(), status: z.int(), detail: z.string(), code: z.string(), facts: z.record(z.string(), z.json()).default({}),
});
export type Problem = z.infer<typeof Problem>;
