import type { JobMetrics } from '@tunesmith/contracts';

interface Format {
  readonly target: string;
  readonly content?: { readonly fallbacks: readonly { readonly wanted: string; readonly used: string; readonly columns: number; readonly tensors: number }[] };
}

/** What the files of a quantize step have in place of what their names promise, because rows are no whole blocks: a line for each kind. */
export function describeFallbacks(metrics: JobMetrics): string[] {
  const { formats = [] } = metrics as { formats?: readonly Format[] };
  return formats.flatMap(({ target, content }) =>
    (content?.fallbacks ?? []).map(({ wanted, used, columns, tensors }) => `  ${target}: ${tensors} ${tensors === 1 ? 'tensor' : 'tensors'} with rows of ${columns} became ${used}; ${wanted} has blocks that do not divide them`),
  );
}
