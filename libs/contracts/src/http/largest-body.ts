/** Bytes of a body of JSON that the HTTP API reads: the largest is a batch of rows to score. */
export const largestBody = 16 << 20;
