import { QueryFailedError } from 'typeorm';
import { jobErrorOf } from './job-error-of.js';
import { PlatformError } from './platform-error.js';
import { isRetryable } from './retryable.js';

const withCode = (code: string) => Object.assign(new Error(code), { code });

describe('isRetryable', () => {
  it.each([
    ['an error that says so', new PlatformError({ code: 'x', message: 'x', retryable: true }), true],
    ['an error that says no, whatever its cause', new PlatformError({ code: 'x', message: 'x', cause: withCode('ECONNRESET') }), false],
    ['a lost connection', withCode('ECONNRESET'), true],
    ['a serialization failure of PostgreSQL', new QueryFailedError('SELECT', [], withCode('40001')), true],
    ['a PostgreSQL that went away', new QueryFailedError('SELECT', [], new Error('Connection terminated unexpectedly')), true],
    ['a duplicate key', new QueryFailedError('INSERT', [], withCode('23505')), false],
    ['a busy SQLite', new QueryFailedError('SELECT', [], withCode('SQLITE_BUSY')), true],
    ['a full disk below SQLite', new QueryFailedError('INSERT', [], withCode('SQLITE_FULL')), true],
    ['a mistake in the code', new TypeError('undefined is not a function'), false],
    ['a string', 'no', false],
    ['nothing', undefined, false],
  ])('%s', (_what, error, expected) => {
    expect(isRetryable(error)).toBe(expected);
  });
});

describe('jobErrorOf', () => {
  it('takes code and facts of any error that has them', () => {
    expect(jobErrorOf(Object.assign(new Error('m'), { code: 'gguf-bad-magic', facts: { offset: 0n, list: [1] } }))).toEqual({ code: 'gguf-bad-magic', message: 'm', facts: { offset: '0', list: [1] } });
    expect(jobErrorOf(withCode('ENOSPC'))).toEqual({ code: 'enospc', message: 'ENOSPC', facts: {} });
    expect(jobErrorOf(new Error('plain'))).toEqual({ code: 'internal', message: 'plain', facts: {} });
    expect(jobErrorOf('text')).toEqual({ code: 'unknown', message: 'text', facts: {} });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(jobErrorOf(Object.assign(new Error('m'), { facts: circular })).facts).toEqual({});
  });
});
