/**
 * Waits until `probe` returns something other than undefined, null or false, and returns it. Fails with what was waited
 * for and with the last error of the probe. The limit only bounds a hang: on a machine with much else to do a second of work takes many.
 */
export async function eventually<Value>(what: string, probe: () => Value | Promise<Value>, { within = 120_000, every = 20 }: { within?: number; every?: number } = {}): Promise<Exclude<Value, undefined | null | false>> {
  const deadline = performance.now() + within;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value as Exclude<Value, undefined | null | false>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${within} ms for ${what}${lastError instanceof Error ? `; last: ${lastError.message}` : ''}`, { cause: lastError });
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
