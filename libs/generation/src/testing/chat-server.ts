import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a client asked. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly max_tokens: number;
  readonly temperature: number;
  readonly top_p: number;
  readonly seed: number;
}

export interface SeenChatRequest {
  readonly body: ChatRequest;
  readonly headers: IncomingMessage['headers'];
}

/** Answers one request: with a text, with a response of its own making, or never. */
export type ChatBehaviour = (body: ChatRequest, response: ServerResponse, request: number) => string | undefined | Promise<string | undefined>;

/** A real HTTP server that speaks the protocol of `/chat/completions`, as well or as badly as its behaviour does. */
export class ChatServer implements AsyncDisposable {
  readonly seen: SeenChatRequest[] = [];
  /** The most requests that were under way at a time. */
  mostAtOnce = 0;
  private underWay = 0;

  private constructor(private readonly server: Server, readonly url: string) {}

  static async start(behave: ChatBehaviour): Promise<ChatServer> {
    // A client that is slow to go on must not meet a connection that is just being closed.
    const server = createServer({ keepAliveTimeout: 600_000 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const chat = new ChatServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
    server.on('request', (request, response) => void chat.answer(behave, request, response));
    return chat;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(behave: ChatBehaviour, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as ChatRequest;
    this.seen.push({ body, headers: request.headers });
    this.underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay);
    response.once('close', () => (this.underWay -= 1));
    if (request.url !== '/v1/chat/completions') return void response.writeHead(404).end('no such route');
    const content = await behave(body, response, this.seen.length - 1);
    if (content !== undefined) sendAnswer(response, content);
  }
}

/** An answer as the protocol has it; ten tokens read, and one written for each word. */
export function sendAnswer(response: ServerResponse, content: string, finish = 'stop'): void {
  const words = content.split(/\s+/).filter(Boolean).length;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }], usage: { prompt_tokens: 10, completion_tokens: words, total_tokens: 10 + words } }));
}

/** The last message of a request. */
export function questionOf({ messages }: ChatRequest): string {
  return messages.at(-1)?.content ?? '';
}
