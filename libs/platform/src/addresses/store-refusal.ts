import { AddressError } from './address-error.js';

export interface AskedOfStore {
  readonly host: string;
  readonly bucket: string;
  /** Of a file; of what is below it where it ends in a slash or is empty. */
  readonly key: string;
  /** Whether the request was signed. */
  readonly signed: boolean;
}

/** What an S3 store means by its refusal, as its user can mend it; any other error as it is. */
export function explainRefusal(error: unknown, { host, bucket, key, signed }: AskedOfStore): unknown {
  if (!(error instanceof AddressError) || error.code !== 'address-answer') return error;
  const answer = String(error.facts['answer'] ?? '');
  const reason = /<Code>([^<]*)<\/Code>/.exec(answer)?.[1];
  if (reason === undefined) return error;
  const said = /<Message>([^<]*)<\/Message>/.exec(answer)?.[1] ?? '';
  const address = `s3://${bucket}/${key}`;
  const message = `${expectation(reason, { host, bucket, key, signed })} ${host} says of ${address}: ${reason}${said === '' ? '' : `, ${said}`}`;
  return new AddressError({ code: 'address-answer', message, facts: { host, bucket, key, status: error.facts['status'] ?? null, reason }, retryable: error.retryable, cause: error });
}

const settings = 'TUNESMITH_DATASET_S3_ACCESS_KEY and TUNESMITH_DATASET_S3_SECRET_KEY';

function expectation(reason: string, { host, bucket, key, signed }: AskedOfStore): string {
  switch (reason) {
    case 'NoSuchBucket':
      return `expected a bucket ${bucket} at ${host}; there is none. TUNESMITH_DATASET_S3_ENDPOINT names the store that is asked.`;
    case 'NoSuchKey':
      return `expected a file at s3://${bucket}/${key}; there is none. All files below it are named with a slash at the end: s3://${bucket}/${key}/.`;
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return `expected ${host} to know the keys in ${settings}, with which the platform was started; it does not.`;
    case 'AccessDenied':
      return signed ? `expected the keys in ${settings} to let the platform list and read ${bucket}; they do not.` : `expected ${bucket} to be public, for the platform was started without ${settings}; it is not.`;
    case 'AuthorizationHeaderMalformed':
    case 'AuthorizationQueryParametersError':
    case 'PermanentRedirect':
    case 'IllegalLocationConstraintException':
      return `expected ${bucket} in the region that TUNESMITH_DATASET_S3_REGION names (default: us-east-1); it is not.`;
    default:
      return `expected ${host} to give what is in ${bucket}; it refuses.`;
  }
}
