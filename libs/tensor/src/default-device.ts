/**
 * Where models compute unless a caller says otherwise: what the environment variable `TUNESMITH_DEVICE` says (`cpu`, `cuda` or `cuda:INDEX`),
 * else the CPU. A property of the process, because libtorch decides when it loads whether there is a GPU.
 */
export function defaultDevice(): string {
  return process.env['TUNESMITH_DEVICE'] ?? 'cpu';
}
