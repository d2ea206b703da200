import { z } from 'zod';
import { Digest } from '../artifact-ref.js';

/** What one rater hands in, from the form's page or from its downloaded file. */
export const HandedInGrades = z.strictObject({
  form: z.string().regex(/^[0-9a-f]{16}$/, 'expected the id of the form').describe('The id that the form has in itself.'),
  rater: z.string().max(100).trim().regex(/\S/, 'expected the name of the rater'),
  grades: z.record(z.string().regex(/^[0-9a-f]{12}$/, 'expected the id of an item of the form'), z.enum(['A', 'B', 'C', 'D'])),
});
export type HandedInGrades = z.infer<typeof HandedInGrades>;

/** PUT /v1/assessments/{digest}/grades: the same rater may hand in again, from the same browser. */
export const HandInGrades = z.strictObject({ ...HandedInGrades.shape, browser: z.string().min(8).max(64).describe('Anything that another rater of the same name does not have.') });
export type HandInGrades = z.infer<typeof HandInGrades>;

export const RaterView = z.strictObject({ rater: z.string(), graded: z.int().nonnegative(), handedInAt: z.iso.datetime() });
export type RaterView = z.infer<typeof RaterView>;

/** A form as its owner sees it. */
export const AssessmentView = z.strictObject({
  digest: Digest,
  title: z.string(),
  items: z.int().positive(),
  page: z.string().describe('The path that raters open, with the key of this form alone behind the #, where no server or log sees it.'),
  raters: z.array(RaterView),
});
export type AssessmentView = z.infer<typeof AssessmentView>;
