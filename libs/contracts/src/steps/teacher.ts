import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';

/** An OpenAI-compatible server that answers prompts. */
export const TeacherAddress = z
  .strictObject({
    url: z.url({ protocol: /^https?$/, error: 'expected the address of an OpenAI-compatible server up to /chat/completions, such as https://api.openai.com/v1' }),
    model: z.string().min(1).describe('What the server calls the model.'),
    keyVariable: z
      .string()
      // The name comes from a request: nothing else of the platform's environment may be sent to an address.
      .regex(/^(?!TUNESMITH_)[A-Z][A-Z0-9_]*_API_KEY$/, 'expected the name of an environment variable in capitals that ends in _API_KEY, such as OPENAI_API_KEY')
      .optional()
      .describe("The environment variable of the platform that holds the key; the key itself is stored nowhere."),
    concurrency: z.int().min(1).max(256).default(4).describe('Requests under way at a time.'),
    requestsPerMinute: z.number().positive().optional(),
    timeoutSeconds: z.number().positive().max(3600).default(120),
    retries: z.int().min(0).max(20).default(6).describe('Further tries after one that failed in a way that may pass.'),
    prices: z.strictObject({ promptPerMillion: z.number().min(0), answerPerMillion: z.number().min(0) }).optional().describe('What a million tokens cost.'),
    spendingCap: z.number().positive().optional().describe('The most that may be spent, in the currency of the prices.'),
  })
  .refine(({ spendingCap, prices }) => spendingCap === undefined || prices !== undefined, { path: ['spendingCap'], error: 'expected prices beside it, which say what an answer costs' });
export type TeacherAddress = z.infer<typeof TeacherAddress>;

/** How answers are drawn. */
export const TeacherSampling = z.strictObject({
  maxNewTokens: z.int().min(1).max(32_768),
  temperature: z.number().min(0).max(5).describe('0 takes the likeliest token.'),
  topP: z.number().gt(0).max(1),
});

/** The three places where a teacher may be; exactly one is given. */
export const teacherSettings = {
  teacher: ArtifactRef.optional().describe('A model of the registry, on our own generation.'),
  teacherFile: ArtifactRef.optional().describe('A GGUF file, in llama.cpp.'),
  teacherAddress: TeacherAddress.optional().describe('A server that speaks the protocol of OpenAI.'),
} as const;

/** Another model that grades rows, in the same three places; none: no judge. */
export const judgeSettings = {
  judge: ArtifactRef.optional(),
  judgeFile: ArtifactRef.optional(),
  judgeAddress: TeacherAddress.optional(),
  judgeKeeps: z.array(z.enum(['A', 'B', 'C', 'D'])).min(1).max(4).default(['A', 'B']).describe('The grades of rows that are kept: A satisfies, B has small faults, C serious ones, D is no answer.'),
} as const;

/** What the keys of a teacher and a judge refer to. */
export const teacherReferences = { teacher: 'model', teacherFile: 'upload', judge: 'model', judgeFile: 'upload' } as const;

type Given = Readonly<Record<string, unknown>>;

export function oneTeacher({ teacher, teacherFile, teacherAddress }: Given): boolean {
  return [teacher, teacherFile, teacherAddress].filter((each) => each !== undefined).length === 1;
}

export function atMostOneJudge({ judge, judgeFile, judgeAddress }: Given): boolean {
  return [judge, judgeFile, judgeAddress].filter((each) => each !== undefined).length <= 1;
}
