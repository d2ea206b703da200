import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import { AddressError } from './address-error.js';
import { pinPublicAddress, type AllowedAddresses } from './public-address.js';

export interface FetchOptions {
  readonly allowed: AllowedAddresses;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Hosts with their ports that whoever runs the platform has named, wherever they lie; plain HTTP is taken from them too. */
  readonly trusted?: readonly string[];
}

export interface CheckedAnswer {
  readonly message: IncomingMessage;
  /** Where the answer came from, after all redirects. */
  readonly url: URL;
}

const mostRedirects = 5;

/** Nothing comes for this long: the connection is dead. Milliseconds. */
const silence = 60_000;

/** Characters of an answer that refuses. */
const mostReason = 2000;

/**
 * GET over HTTPS from the public internet. Each redirect is checked as the first address was, and the address that was checked is the one that is
 * connected to. Other schemes are refused, plain HTTP too, except from loopback where that is allowed.
 *
 * @throws AddressError `address-private`, `address-unknown`, `address-scheme`, `too-many-redirects`, `address-answer` for a status beyond 299, with the beginning of what was answered.
 */
export async function fetchChecked(address: URL, options: FetchOptions): Promise<CheckedAnswer> {
  let url = address;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const message = await get(url, options, url.origin === address.origin);
    const status = message.statusCode ?? 0;
    const { location } = message.headers;
    if (status >= 200 && status < 300) return { message, url };
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      const answer = await beginningOf(message);
      throw new AddressError({ code: 'address-answer', message: `expected the file at ${shown(url)}; the server answers ${status}${message.statusMessage ? ` ${message.statusMessage}` : ''}`, facts: { url: shown(url), status, answer }, retryable: status === 429 || status >= 500 });
    }
    message.destroy();
    if (!URL.canParse(location, url.href)) throw new AddressError({ code: 'address-answer', message: `expected ${shown(url)} to redirect to an address; got ${JSON.stringify(location.slice(0, 200))}`, facts: { url: shown(url) } });
    url = new URL(location, url);
  }
  throw new AddressError({ code: 'too-many-redirects', message: `expected at most ${mostRedirects} redirects from ${shown(address)}; got more`, facts: { url: shown(address) } });
}

async function get(url: URL, { allowed, signal, headers = {}, trusted = [] }: FetchOptions, own: boolean): Promise<IncomingMessage> {
  const isTrusted = trusted.includes(url.host);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (isTrusted || allowed === 'public-and-loopback'))) {
    throw new AddressError({ code: 'address-scheme', message: `expected https://…; got ${shown(url)}. What comes over other schemes can be changed on the way.`, facts: { url: shown(url) } });
  }
  if (url.username || url.password) throw new AddressError({ code: 'address-scheme', message: `expected an address without a password in it; got ${shown(url)}`, facts: { url: shown(url) } });
  const pinned = isTrusted ? undefined : await pinPublicAddress(url.hostname, allowed);
  const request = url.protocol === 'https:' ? requestSecure : requestPlain;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        agent: false,
        signal,
        timeout: silence,
        // What was asked for one host is not told to another.
        headers: { ...(own ? headers : { ...(headers['range'] === undefined ? {} : { range: headers['range'] }) }), 'accept-encoding': 'identity', 'user-agent': 'tunesmith' },
        ...(pinned && {
          lookup: (_host, lookupOptions, found) => {
            if (lookupOptions.all) found(null, [{ ...pinned }]);
            else found(null, pinned.address, pinned.family);
          },
        }),
      },
      resolve,
    );
    sent.on('timeout', () => sent.destroy(new AddressError({ code: 'address-silent', message: `expected an answer of ${url.host}; it said nothing for ${silence / 1000} s`, facts: { host: url.host }, retryable: true })));
    sent.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause instanceof AddressError || cause.name === 'AbortError') reject(cause);
      else reject(new AddressError({ code: 'address-unreachable', message: `expected an answer of ${url.host}; got none: ${cause.message}`, facts: { host: url.host }, retryable: true, cause }));
    });
    sent.end();
  });
}

/** What a server says beside its status, as far as it comes: stores give their reason there. */
async function beginningOf(message: IncomingMessage): Promise<string> {
  let said = '';
  try {
    for await (const piece of message.setEncoding('utf8')) {
      said += piece as string;
      if (said.length > mostReason) break;
    }
  } catch {
    // The status says enough.
  }
  return said.slice(0, mostReason);
}

/** Without what may be a secret: queries hold signatures. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search ? '?…' : ''}`;
}
