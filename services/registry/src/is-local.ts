import type { PlatformConfig } from '@tunesmith/platform';

/**
 * Whether the platform belongs to the person at this machine: artifacts are files, and only this machine reaches the HTTP API. Only then
 * may a request name paths of the machine to read or to write.
 */
export function isLocal({ artifacts, http }: Pick<PlatformConfig, 'artifacts' | 'http'>): boolean {
  return artifacts.kind === 'file' && ['127.0.0.1', '::1', 'localhost'].includes(http?.host ?? '127.0.0.1');
}
