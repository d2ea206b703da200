import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlatformError } from '@tunesmith/platform';
import { UnauthorizedError } from './request-errors.js';

/** The bearer token of the HTTP API, in a file that only its owner reads, and the keys that are made of it for one form alone. */
export class AccessToken {
  private readonly digest: Buffer;

  private constructor(token: string) {
    this.digest = digestOf(token);
  }

  /** Reads the token file, or makes it with a new token of 256 random bits. @throws PlatformError where others may read it. */
  static fromFile(path: string): AccessToken {
    if (!existsSync(path)) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const temporary = `${path}.${process.pid}.new`;
      writeFileSync(temporary, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
      chmodSync(temporary, 0o600);
      renameSync(temporary, path);
    }
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new PlatformError({ code: 'token-file-open', message: `expected the token file ${path} to be readable by its owner only (mode 600); it has mode ${(mode & 0o777).toString(8)}; run chmod 600 ${path}` });
    }
    const token = readFileSync(path, 'utf8').trim();
    if (token.length < 16) throw new PlatformError({ code: 'token-file-short', message: `expected a token of at least 16 characters in ${path}; got ${token.length}; delete the file to have a new one made` });
    return new AccessToken(token);
  }

  /** What lets raters into the form of this digest, and nowhere else. A new token is a new key. */
  keyOfForm(digest: string): string {
    return createHmac('sha256', this.digest).update(`form ${digest}`).digest('base64url');
  }

  /** @throws UnauthorizedError unless the Authorization header carries the token, or the key of `form` where one is given. */
  check(authorization: string | undefined, form?: string): void {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // Digests have one length, and comparing them takes one time.
    if (token !== undefined && timingSafeEqual(digestOf(token), this.digest)) return;
    if (token !== undefined && form !== undefined && timingSafeEqual(digestOf(token), digestOf(this.keyOfForm(form)))) return;
    throw new UnauthorizedError({
      code: token === undefined ? 'token-missing' : 'token-wrong',
      message: `expected the platform's token as "Authorization: Bearer TOKEN"; ${token === undefined ? 'there was none' : 'got another'}; it stands in the platform's token file`,
    });
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
