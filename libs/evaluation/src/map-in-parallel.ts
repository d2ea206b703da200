/**
 * Results in the order of `items`, with at most `limit` of them under way. After a failure nothing more is started, and `onFailure` hears of it at once; that failure, the first
 * in time, is thrown once nothing is under way any more.
 */
export async function mapInParallel<Item, Result>(items: readonly Item[], limit: number, work: (item: Item, place: number) => Promise<Result>, onFailure?: () => void): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const workUntilFailure = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const place = next++;
      try {
        results[place] = await work(items[place]!, place);
      } catch (error) {
        if (failures.push(error) === 1) onFailure?.();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, workUntilFailure));
  if (failures.length > 0) throw failures[0];
  return results;
}
