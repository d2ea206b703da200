import { createHash } from 'node:crypto';

/** Where the random numbers of one weight start: 53 bits of a digest, so that weights neither share numbers nor depend on which is merged first. */
export function tensorSeed(requestSeed: number, name: string): number {
  const digest = createHash('sha256').update(`${requestSeed} ${name}`).digest();
  return digest.readUIntBE(0, 6) * 32 + (digest[6]! >>> 3);
}
