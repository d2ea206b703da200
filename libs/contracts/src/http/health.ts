import { z } from 'zod';

export const Health = z.strictObject({ status: z.literal('ok'), version: z.string() });
export const Readiness = z.strictObject({ status: z.literal('ready') });
