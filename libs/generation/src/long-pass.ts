import { withManyRows } from '@tunesmith/nn';
import { noGrad, scope } from '@tunesmith/tensor';

/** A pass over many tokens at once whose tensors go with it. */
export function longPass<Result>(pass: () => Result): Result {
  return scope(() => noGrad(() => withManyRows(pass)));
}
