import type { RowLayout } from '@tunesmith/datasets';
import type { PackedTokens } from '@tunesmith/nn';
import { tensor } from '@tunesmith/tensor';

/** Packed rows, and of encoder-decoders their sources, as tensors of the caller's scope. */
export function packedTokens({ tokenIds, positions, boundaries, source }: RowLayout & { readonly source?: RowLayout }): PackedTokens {
  return {
    tokenIds: tensor(tokenIds, { dtype: 'int64' }),
    positions: tensor(positions, { dtype: 'int64' }),
    boundaries,
    ...(source && { source: packedTokens(source) }),
  };
}
