import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { addressTarget } from './address-respondent.js';
import type { EvaluationRequest, RequestResult } from './requests/evaluation-request.js';

const context = { signal: new AbortController().signal, onProgress: () => undefined };

/** What a server makes of a request whose texts it echoes in its own way; each character is a token. */
async function asked(request: EvaluationRequest, echo: (prompt: string) => object | undefined): Promise<RequestResult> {
  const server = createServer((incoming, answer) => void (async () => {
    const { prompt } = JSON.parse(await text(incoming)) as { prompt: string };
    answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ choices: [{ text: prompt, logprobs: echo(prompt) ?? null }] }));
  })());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    await using respondent = await addressTarget({ url, model: 'm', concurrency: 1, timeoutSeconds: 60, retries: 0 }, undefined).open(context.signal);
    let found: RequestResult | undefined;
    await respondent.run(request.kind, [request] as never, {}, (_index: number, result: RequestResult) => void (found = result), context);
    return found!;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const likely = (prompt: string) => [...prompt].map((_, place) => -1 - place / 10);
/** As servers whose tokenizer adds nothing. */
const plain = (prompt: string) => ({ token_logprobs: [null, ...likely(prompt).slice(1)], text_offset: [...prompt].map((_, place) => place), top_logprobs: [null, ...likely(prompt).slice(1).map((logProb) => ({ x: logProb }))] });
/** As those whose tokenizer begins each text with a token of its own. */
const begun = (prompt: string) => ({ token_logprobs: [null, ...likely(prompt)], text_offset: [0, ...[...prompt].map((_, place) => place)], top_logprobs: [null, ...likely(prompt).map(() => ({ x: -0.1 }))] });

test('a continuation is what begins behind the context, whose last blanks belong to it', async () => {
  expect(await asked({ kind: 'loglikelihood', context: 'ab ', continuation: 'c' }, plain)).toEqual({ logProb: expect.closeTo(-1.2 - 1.3, 10), greedy: true, tokens: 2 });
  expect(await asked({ kind: 'loglikelihood', context: 'ab', continuation: 'c' }, begun)).toEqual({ logProb: expect.closeTo(-1.2, 10), greedy: false, tokens: 1 });
});

test('a text without a context is scored where the server begins it with a token of its own', async () => {
  expect(await asked({ kind: 'loglikelihood', context: '', continuation: 'ab' }, begun)).toEqual({ logProb: expect.closeTo(-2.1, 10), greedy: false, tokens: 2 });
  expect(await asked({ kind: 'loglikelihood_rolling', text: 'ab' }, begun)).toEqual({ logProb: expect.closeTo(-2.1, 10), tokens: 2 });
  for (const request of [{ kind: 'loglikelihood', context: '', continuation: 'ab' }, { kind: 'loglikelihood_rolling', text: 'ab' }] as const) await expect(asked(request, plain)).rejects.toMatchObject({ code: 'request-not-answered', message: expect.stringContaining('first token') });
});

test('what a server cannot be asked is refused by its name, with what to try', async () => {
  const messages = [{ role: 'user', content: 'Who?' }, { role: 'assistant', content: 'An otter.' }] as const;
  await expect(asked({ kind: 'loglikelihood', context: 'a', continuation: 'b' }, () => undefined)).rejects.toMatchObject({ code: 'request-not-answered', message: expect.stringMatching(/^m at 127\.0\.0\.1:\d+ cannot be asked how likely a text is: .*Choose tasks that generate text/) });
  await expect(asked({ kind: 'answer_loss', messages }, plain)).rejects.toMatchObject({ code: 'request-not-answered', message: expect.stringContaining('--template') });
});
