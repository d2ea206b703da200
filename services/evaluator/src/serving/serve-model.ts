import type { JobError } from '@tunesmith/contracts';
import type { ServeAnswer, ServePiece, ServeRequest, TokenModel } from '@tunesmith/generation';
import type { ConversationContext } from '@tunesmith/platform';
import type { FromServer, ToServer } from './serve-messages.js';

/** What answers a request; the worker module knows which function of the domain does. */
export type ServeAnswerFunction = (model: TokenModel, request: ServeRequest, onPiece: (piece: ServePiece) => void, signal: AbortSignal) => Promise<ServeAnswer>;

/** Answers requests that come by messages until no more will, each as soon as the model can. Runs in a worker. */
export async function serveModel(model: TokenModel, answer: ServeAnswerFunction, errorOf: (error: unknown) => JobError, { send, onMessage, signal }: ConversationContext): Promise<void> {
  const under = new Map<number, AbortController>();
  const { promise: ended, resolve: end, reject: abort } = Promise.withResolvers<void>();
  let isEnding = false;
  const tell = (message: FromServer): void => send(message);
  const ask = async (id: number, request: ServeRequest): Promise<void> => {
    const leaving = new AbortController();
    under.set(id, leaving);
    try {
      tell({ kind: 'answer', id, answer: await answer(model, request, (piece) => tell({ kind: 'piece', id, piece }), leaving.signal) });
    } catch (error) {
      // Who has left hears nothing more.
      if (!leaving.signal.aborted) tell({ kind: 'error', id, error: errorOf(error) });
    } finally {
      under.delete(id);
      if (isEnding && under.size === 0) end();
    }
  };
  signal.addEventListener('abort', () => abort(signal.reason), { once: true });
  onMessage((message) => {
    const told = message as ToServer;
    if (told.kind === 'ask') void ask(told.id, told.request);
    else if (told.kind === 'leave') under.get(told.id)?.abort();
    else {
      isEnding = true;
      if (under.size === 0) end();
    }
  });
  try {
    await ended;
  } finally {
    for (const leaving of under.values()) leaving.abort();
  }
}
