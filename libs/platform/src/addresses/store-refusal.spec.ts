import { AddressError } from './address-error.js';
import { explainRefusal } from './store-refusal.js';

const asked = { host: 'store:9000', bucket: 'team', key: 'set/', signed: true };
const refusal = (answer: string): AddressError => new AddressError({ code: 'address-answer', message: 'the server answers 400', facts: { status: 400, answer } });

// MinIO takes every region, so what AWS says of a wrong one is not seen in dataset-from-s3.cluster.spec.ts.
test.each([
  ['AuthorizationHeaderMalformed', /TUNESMITH_DATASET_S3_REGION names \(default: us-east-1\); it is not\. store:9000 says of s3:\/\/team\/set\/: AuthorizationHeaderMalformed, why$/],
  ['AccessDenied', /to let the platform list and read team; they do not/],
  ['SlowDown', /expected store:9000 to give what is in team; it refuses\..*SlowDown, why$/],
])('%s is explained', (code, message) => {
  expect(explainRefusal(refusal(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>why</Message></Error>`), asked)).toMatchObject({ code: 'address-answer', message: expect.stringMatching(message), facts: { reason: code, status: 400 } });
});

test('what no store said stays as it is', () => {
  const error = refusal('<html>no</html>');
  expect(explainRefusal(error, asked)).toBe(error);
  expect(explainRefusal(undefined, asked)).toBeUndefined();
});
