/** Results in the order of `items`, with at most `limit` of them under way. The first failure is thrown once nothing is under way any more. */
export async function mapInParallel<Item, Result>(items: readonly Item[], limit: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let failed = false;
  const workers = Array.from({ length: Math.min(limit, items.length) }, async () => {
    while (next < items.length && !failed) {
      const place = next++;
      try {
        results[place] = await work(items[place]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
  for (const { status, reason } of (await Promise.allSettled(workers)) as { status: string; reason?: unknown }[]) if (status === 'rejected') throw reason;
  return results;
}
