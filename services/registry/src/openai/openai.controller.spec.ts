import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RespondPiece } from '@tunesmith/contracts';
import { chatFormat } from './completion-format.js';
import { OpenAiController } from './openai.controller.js';

interface Asking { readonly signal: AbortSignal; readonly onPieces: (pieces: RespondPiece[]) => Promise<void> }

test('a stream that the end of the registry cuts ends with an error, not like a whole answer', async () => {
  // An answer that says one word and no end.
  const ask = (_kind: unknown, _question: unknown, { signal, onPieces }: Asking): Promise<never> => new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    void onPieces([{ text: 'So', tokens: [] }]);
  });
  const controller = new OpenAiController({} as never, {} as never, { ask } as never);
  const server = createServer((request, raw) => {
    void controller['answer']({} as never, { stream: true }, chatFormat({ id: 'chatcmpl-1', created: 1, model: 'm' }, false), request as never, { raw, hijack: () => undefined } as never);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/openai/v1/chat/completions`);
    controller.beforeApplicationShutdown();
    const events = (await answer.text()).split('\n\n').filter(Boolean).map((event) => event.slice('data: '.length));
    expect(JSON.parse(events.at(-1)!)).toMatchObject({ error: { type: 'server_error', code: 'service_stopping' } });
    expect(events.join('')).toContain('"content":"So"');
    expect(events).not.toContain('[DONE]');
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
