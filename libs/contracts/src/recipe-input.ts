import { z } from 'zod';
import { Name } from './ids.js';

/** What an input may be: files (`path`: on a shared platform they are sent first), something registered or a path to it, or plain values. */
export const InputKind = z.enum(['path', 'model', 'adapter', 'dataset', 'text', 'number', 'boolean', 'list']);
export type InputKind = z.infer<typeof InputKind>;

/** One thing that a run of a recipe is given: `tunesmith run start NAME --input size=full`. */
export const RecipeInput = z
  .strictObject({
    description: z.string().optional(),
    kind: InputKind.default('text'),
    default: z.json().optional().describe('Absent: a run has to give it.'),
    choices: z
      .record(Name, z.json())
      .refine((choices) => Object.keys(choices).length > 0, 'expected at least one choice')
      .optional()
      .describe('The input is then one of these names, and stands for its value: with {full: {steps: 900}}, ${{ inputs.size.steps }} is 900.'),
  })
  .check((context) => {
    const { choices, default: usual } = context.value;
    if (choices && usual !== undefined && !(typeof usual === 'string' && Object.hasOwn(choices, usual))) {
      context.issues.push({ code: 'custom', input: usual, path: ['default'], message: `expected one of the choices ${Object.keys(choices).join(', ')}; got ${JSON.stringify(usual)}` });
    }
  });
export type RecipeInput = z.infer<typeof RecipeInput>;
