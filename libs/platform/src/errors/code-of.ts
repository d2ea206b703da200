/** The `code` of a system error or a driver's error. Not by `instanceof`: errors of Node itself may come from another realm. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
