/**
 * What went into the matrices of a model while it read some text: the importance matrix of llama.cpp (tools/imatrix). Keys are the tensors' names in GGUF.
 */
export type ImportanceMatrix = ReadonlyMap<string, InputStatistics>;

export interface InputStatistics {
  /** [matrices, columns]: for each column the sum of the squares of its inputs. There are several matrices where a tensor holds those of several experts. */
  readonly sums: Float32Array;
  /** [matrices]: how many inputs there were, one for each token. */
  readonly counts: Float32Array;
}

/** The mean squares [matrices, columns] that errors are weighed by; 1 everywhere for a matrix that has seen nothing, as in llama.cpp. */
export function meanSquares({ sums, counts }: InputStatistics): Float32Array {
  const columns = sums.length / counts.length;
  return sums.map((sum, index) => {
    const count = counts[Math.floor(index / columns)]!;
    return count > 0 ? sum / count : 1;
  });
}
