/** What a script may rely on: 0 done, 1 failed, 2 wrong use, 130 interrupted. */
export const exitCodes = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;
