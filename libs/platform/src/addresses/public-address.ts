import ipaddr from 'ipaddr.js';
import { lookup } from 'node:dns/promises';
import { AddressError } from './address-error.js';

/** Which addresses of the network may be asked. Private ones never: they reach what only this machine's neighbours may see, such as a cloud's credentials. */
export type AllowedAddresses = 'public' | 'public-and-loopback';

/** A host name and the one address that it stood for when it was checked: what is connected to, so that a second answer of the name changes nothing. */
export interface PinnedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * Resolves a host and refuses it where any of its addresses is not public: private, loopback, link-local, multicast, reserved, or one of these inside
 * an IPv6 address. `host`: a name or an address as it stands in a URL.
 *
 * @throws AddressError `address-private`, `address-unknown`.
 */
export async function pinPublicAddress(host: string, allowed: AllowedAddresses): Promise<PinnedAddress> {
  const bare = host.replace(/^\[|\]$/g, '');
  const found = ipaddr.isValid(bare)
    ? [{ address: bare }]
    : await lookup(bare, { all: true, verbatim: true }).catch((cause: unknown) => {
        throw new AddressError({ code: 'address-unknown', message: `expected a host that can be found; got "${host}", which has no address: ${(cause as Error).message}`, facts: { host }, retryable: (cause as NodeJS.ErrnoException).code === 'EAI_AGAIN', cause });
      });
  for (const { address } of found) {
    const range = rangeOf(address);
    if (range === 'unicast' || (range === 'loopback' && allowed === 'public-and-loopback')) continue;
    throw new AddressError({
      code: 'address-private',
      message: `expected a host on the public internet; "${host}" is ${address}, which is ${range}. Fetch the file yourself and push it as a file.`,
      facts: { host, address, range },
    });
  }
  const [{ address } = { address: '' }] = found;
  if (address === '') throw new AddressError({ code: 'address-unknown', message: `expected a host that can be found; got "${host}", which has no address`, facts: { host } });
  return { address, family: address.includes(':') ? 6 : 4 };
}

/** What kind of address it is, an IPv4 address inside an IPv6 one by what is inside. */
function rangeOf(text: string): string {
  const address = ipaddr.process(text.split('%')[0]!);
  if (address.kind() === 'ipv4') return address.range();
  const bytes = address.toByteArray();
  const range = address.range();
  // NAT64 (64:ff9b::/96), 6to4 (2002::/16) and addresses compatible with IPv4 (::/96) lead to the IPv4 address that they hold.
  if (range === 'rfc6052' || bytes.slice(0, 12).every((byte) => byte === 0)) return embedded(bytes.slice(12), range);
  if (range === '6to4') return embedded(bytes.slice(2, 6), range);
  return range;
}

function embedded(bytes: number[], outer: string): string {
  const inner = ipaddr.fromByteArray(bytes).range();
  return inner === 'unicast' ? outer : inner;
}
