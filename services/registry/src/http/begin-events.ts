import type { ServerResponse } from 'node:http';

const heartbeatMilliseconds = 10_000;

/** Begins server-sent events; call the result to end them. A comment now and then keeps proxies from ending a connection on which nothing comes for long. */
export function beginEvents(response: ServerResponse): () => void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'keep-alive' });
  const heartbeat = setInterval(() => response.write(': alive\n\n'), heartbeatMilliseconds);
  return () => {
    clearInterval(heartbeat);
    response.end();
  };
}
