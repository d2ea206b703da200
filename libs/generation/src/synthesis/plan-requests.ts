import { counterUniform } from '@tunesmith/datasets';

export interface RequestPlan {
  /** Place of the request in the job, from 0. */
  readonly request: number;
  readonly guidance: 'example' | 'topic';
  /** Places of the seeds in the pool. */
  readonly seeds: readonly number[];
  readonly topics: readonly string[];
  /** Of the teacher's draws. */
  readonly samplingSeed: number;
}

export interface RequestPlanner {
  readonly seed: number;
  /** Seeds to draw from. */
  readonly pool: number;
  readonly examples: number;
  readonly topics: readonly string[];
  readonly topicsPerRequest: number;
  /** Part of the requests that topics guide. */
  readonly topicShare: number;
}

/** Counter streams, one for each kind of draw. */
const streams = { seeds: 101, topics: 102, sampling: 103 };

/** What a request is made of: a function of the job's seed and the request's place alone, so that any attempt asks the same. */
export function planRequest(request: number, { seed, pool, examples, topics, topicsPerRequest, topicShare }: RequestPlanner): RequestPlan {
  // Spread evenly: of any number of requests the share is met to within one.
  const guided = Math.floor((request + 1) * topicShare + 1e-9) > Math.floor(request * topicShare + 1e-9);
  return {
    request,
    guidance: guided ? 'topic' : 'example',
    seeds: drawDistinct(pool, examples, (draw) => counterUniform(seed, streams.seeds, request * 64 + draw)),
    topics: guided ? drawDistinct(topics.length, Math.min(topicsPerRequest, topics.length), (draw) => counterUniform(seed, streams.topics, request * 64 + draw)).map((place) => topics[place]!) : [],
    samplingSeed: samplingSeed(seed, streams.sampling, request),
  };
}

/** A seed of its own for each place. */
export function samplingSeed(seed: number, stream: number, place: number): number {
  return Math.floor(counterUniform(seed, stream, place) * 2 ** 32);
}

/** `count` different numbers below `size`, each set as likely as any other (Floyd's method). */
function drawDistinct(size: number, count: number, uniform: (draw: number) => number): number[] {
  const drawn = new Set<number>();
  for (let last = size - count; last < size; last += 1) {
    const candidate = Math.floor(uniform(last - size + count) * (last + 1));
    drawn.add(drawn.has(candidate) ? last : candidate);
  }
  return [...drawn];
}
