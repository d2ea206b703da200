import { codeOf } from '../errors/code-of.js';
import { PlatformError } from '../errors/platform-error.js';

export class ArtifactError extends PlatformError {}

/** The bytes are not those that the digest names. Trying again may help: they may have been damaged on the way. */
export function digestMismatch(what: string, expected: string, actual: string): ArtifactError {
  return new ArtifactError({
    code: 'digest-mismatch', facts: { expected, actual },
    message: `Expected ${what} to have the digest ${expected}; its bytes have ${actual}. The store or the disk has damaged it: restore it from a copy or make the artifact again.`,
  });
}

export function artifactMissing(digest: string, where: string): ArtifactError {
  return new ArtifactError({ code: 'artifact-missing', facts: { digest }, message: `Expected the artifact or file ${digest} in ${where}; it is not there. Check TUNESMITH_ARTIFACTS, or make the artifact again.` });
}

/** Gives the errors of a full disk or a full quota their own code and a message that says what to do. */
export function explainDisk(error: unknown, doing: string): unknown {
  // In small letters where the error came out of a worker.
  if (['ENOSPC', 'EDQUOT', 'SQLITE-FULL'].includes(String(codeOf(error)).toUpperCase().replace('_', '-'))) {
    return new ArtifactError({ code: 'disk-full', cause: error, message: `Expected room on the disk for ${doing}; there is none left. Nothing half-written remains. Free space, or move TUNESMITH_HOME or TUNESMITH_ARTIFACTS to a larger disk.` });
  }
  return error;
}
