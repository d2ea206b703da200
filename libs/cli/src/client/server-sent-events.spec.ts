import fc from 'fast-check';
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.js';

async function parse(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const stream = async function* () {
    yield* chunks;
  };
  const events: ServerSentEvent[] = [];
  for await (const event of readServerSentEvents(stream())) events.push(event);
  return events;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('server-sent events', () => {
  it.each([
    ['names and data', 'event: run\ndata: {"a":1}\n\n', [{ event: 'run', data: '{"a":1}' }]],
    ['the default name', 'data: x\n\n', [{ event: 'message', data: 'x' }]],
    ['several lines of data', 'data: a\ndata: b\n\n', [{ event: 'message', data: 'a\nb' }]],
    ['comments, ids and unknown fields', ': hello\nid: 7\nnonsense\ndata: x\n\n', [{ event: 'message', data: 'x' }]],
    ['only one space after the colon', 'data:  x\n\n', [{ event: 'message', data: ' x' }]],
    ['no event without data', 'event: run\n\n', []],
    ['no event without its empty line', 'data: x\n', []],
    ['line ends of all kinds', 'data: a\r\n\r\ndata: b\r\rdata: c\n\n', ['a', 'b', 'c'].map((data) => ({ event: 'message', data }))],
  ])('understands %s', async (_name, text, expected) => {
    expect(await parse([bytes(text)])).toEqual(expected);
  });

  it('gives the same events wherever the bytes are cut', async () => {
    const text = bytes('event: run\r\ndata: {"name":"größe 模型"}\r\n\r\n: ping\n\ndata: a\ndata: b\n\nevent: end\rdata: x\r\r\n');
    const whole = await parse([text]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length)), async (cuts) => {
        const ends = [...new Set([...cuts, text.length])].sort((a, b) => a - b);
        expect(await parse(ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end)))).toEqual(whole);
      }),
    );
  });
});
