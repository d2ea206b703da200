/** Work on one item in three stages: fetched in the background, made at once, put away in the background. */
export interface PipelineStages<Item, Fetched, Made> {
  /** Bytes that an item holds while it is worked on: all of them until it is made, `kept` of them until it is put away. */
  cost(item: Item): { readonly all: number; readonly kept: number };
  fetch(item: Item): Promise<Fetched>;
  /** Takes over what was fetched. */
  make(item: Item, fetched: Fetched): Made;
  putAway(item: Item, made: Made): Promise<void>;
  /** For what was fetched and is not wanted any more. */
  discard(fetched: Fetched): void;
}

/** As many as there are threads to do it. */
const putAwayAtOnce = 4;

/**
 * Runs items through the stages in order. What comes next is fetched while one is made and earlier ones are put away, as long as what is fetched holds no more than
 * `limit` bytes, and everything together no more than that or than the largest item alone. Stops at the first failure, when everything that was begun has
 * ended, and throws it.
 */
export async function runPipeline<Item, Fetched, Made>(items: readonly Item[], limit: number, { cost, fetch, make, putAway, discard }: PipelineStages<Item, Fetched, Made>): Promise<void> {
  const fetching: { item: Item; fetched: Promise<Fetched> }[] = [];
  const puttingAway = new Set<Promise<void>>();
  const most = items.reduce((largest, item) => Math.max(largest, cost(item).all), limit);
  let fetchedBytes = 0;
  let keptBytes = 0;
  const fits = (item: Item): boolean => {
    const { all } = cost(item);
    return fetchedBytes + keptBytes === 0 || ((fetchedBytes === 0 || fetchedBytes + all <= limit) && fetchedBytes + keptBytes + all <= most);
  };
  let next = 0;
  let failed = false;
  let failure: unknown;
  const fail = (error: unknown): void => {
    if (!failed) failure = error;
    failed = true;
  };
  const fetchAhead = (): void => {
    for (; next < items.length && !failed; next += 1) {
      const item = items[next]!;
      if (!fits(item)) return;
      fetchedBytes += cost(item).all;
      const fetched = fetch(item);
      fetched.catch(() => undefined); // told when its turn comes
      fetching.push({ item, fetched });
    }
  };
  for (fetchAhead(); fetching.length > 0; fetchAhead()) {
    const { item, fetched } = fetching.shift()!;
    try {
      const made = make(item, await fetched);
      const { all, kept } = cost(item);
      fetchedBytes -= all;
      keptBytes += kept;
      const put = putAway(item, made).catch(fail).then(() => {
        keptBytes -= kept;
        puttingAway.delete(put);
      });
      puttingAway.add(put);
    } catch (error) {
      fail(error);
    }
    if (failed) break;
    while (puttingAway.size >= putAwayAtOnce) await Promise.race(puttingAway);
    // Nothing more fits until something has been put away.
    while (fetching.length === 0 && next < items.length && puttingAway.size > 0 && !fits(items[next]!)) await Promise.race(puttingAway);
  }
  for (const { fetched } of fetching) await fetched.then(discard, () => undefined);
  await Promise.all(puttingAway);
  if (failed) throw failure;
}
