import type { TokenModel } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { EvaluationError } from '../evaluation-error.js';
import { contextLengthOf, encodeText } from './encode-text.js';
import type { GenerateUntilRequest } from './evaluation-request.js';
import type { RequestKind } from './request-kind.js';

export const generateUntil: RequestKind<'generate_until'> = {
  kind: 'generate_until',

  async run(model, requests, { batchRows }, onResult, context) {
    let done = 0;
    for (const indices of alike(requests)) {
      const { maxNewTokens, temperature, topP } = requests[indices[0]!]!;
      const onGeneration = (place: number, text: string, tokens: number): void => {
        onResult(indices[place]!, { text, tokens });
        done += 1;
        context.onProgress({ phase: 'generate', done, total: requests.length, unit: 'requests' });
      };
      await generateTexts(model, indices.map((index) => requests[index]!), { maxNewTokens, temperature, topP, ...(batchRows !== undefined && { batchRows }) }, onGeneration, { ...context, onProgress: () => undefined });
    }
  },
};

/** Requests that may be generated side by side, by their places. */
function alike(requests: readonly GenerateUntilRequest[]): number[][] {
  const groups = new Map<string, number[]>();
  requests.forEach(({ maxNewTokens, temperature, topP }, index) => {
    const key = [maxNewTokens, temperature, topP].join();
    groups.set(key, [...(groups.get(key) ?? []), index]);
  });
  return [...groups.values()];
}

async function generateTexts(
  model: TokenModel,
  requests: readonly GenerateUntilRequest[],
  options: { maxNewTokens: number; temperature: number; topP: number; batchRows?: number },
  onGeneration: (place: number, text: string, tokens: number) => void,
  context: WorkContext,
): Promise<void> {
  const { tokenizer, startTokenId } = model;
  const contextLength = contextLengthOf(model);
  const room = startTokenId !== undefined ? contextLength : contextLength - options.maxNewTokens;
  if (room < 1) {
    throw new EvaluationError({ message: `Expected fewer new tokens than the model reads; got max_gen_toks ${options.maxNewTokens}, and the model reads ${contextLength}. Lower max_gen_toks in generation_kwargs.`, code: 'no-room-for-prompt', facts: { maxNewTokens: options.maxNewTokens, contextLength } });
  }
  const decode = (tokenIds: readonly number[]) => tokenizer.decode(tokenIds, { skipSpecialTokens: true });
  const prompts = requests.map(({ prompt, seed }) => {
    const tokenIds = encodeText(model, prompt).slice(-room);
    return startTokenId === undefined ? { tokenIds, seed } : { tokenIds: [startTokenId], sourceTokenIds: tokenIds, seed };
  });
  // What ends a text may begin in one token and end in a later one, so some are read back together.
  const lookBack = requests.map(({ until }) => Math.max(0, ...until.map((stop) => [...stop].length)) + 8);
  await model.generate(
    prompts,
    {
      ...options,
      stopTokenIds: tokenizer.eosTokenIds,
      ...(startTokenId === undefined && { contextLength }),
      endsWith: (place, tokenIds) => {
        const { until } = requests[place]!;
        if (until.length === 0) return false;
        const tail = decode(tokenIds.slice(-lookBack[place]!));
        return until.some((stop) => stop !== '' && tail.includes(stop));
      },
    },
    context,
    (place, { tokenIds }) => onGeneration(place, cutAt(decode(tokenIds), requests[place]!.until), tokenIds.length),
  );
}

/** The text up to the first of each of the stops. */
export function cutAt(text: string, until: readonly string[]): string {
  return until.reduce((kept, stop) => (stop === '' ? kept : kept.split(stop)[0]!), text);
}
