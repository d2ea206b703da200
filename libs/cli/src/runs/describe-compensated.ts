import type { JobMetrics } from '@tunesmith/contracts';

interface Format {
  readonly target: string;
  readonly content?: { readonly compensated?: { readonly tensors: number; readonly others: readonly string[] } };
}

/** Of GGUF files that were compensated: how many tensors were, and which were rounded plainly; a line for each. */
export function describeCompensated(metrics: JobMetrics): string[] {
  const { formats = [] } = metrics as { formats?: readonly Format[] };
  return formats.flatMap(({ target, content }) => {
    const compensated = content?.compensated;
    if (!compensated) return [];
    const { tensors, others } = compensated;
    const shown = others.length > 4 ? `${others.slice(0, 4).join(', ')} and ${others.length - 4} more` : others.join(', ');
    return [`  ${target}: ${tensors} ${tensors === 1 ? 'tensor' : 'tensors'} compensated${others.length > 0 ? `, rounded plainly: ${shown}` : ''}`];
  });
}
