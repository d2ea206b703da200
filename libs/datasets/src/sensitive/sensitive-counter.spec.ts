import { SensitiveCounter } from './sensitive-counter.js';

/** Parts of secrets are joined here, so that scanners of this repository do not stumble over them. */
const made = (...parts: readonly string[]): string => parts.join('');

function kindsIn(content: string): Record<string, number> {
  const counter = new SensitiveCounter();
  counter.add({ messages: [{ role: 'user', content }] }, 1);
  return Object.fromEntries(Object.entries(counter.finish()).map(([kind, { hits }]) => [kind, hits]));
}

describe('what looks like personal data or a secret', () => {
  test.each([
    ['email', 'write to jane.doe+x@mail.company.org, please'],
    ['phone', 'call +49 30 901820 or later'],
    ['phone', 'call (212) 736-5000'],
    ['payment-card', 'card 4111 1111 1111 1111 exp'],
    ['payment-card', 'amex 378282246310005'],
    ['iban', 'pay to DE89 3704 0044 0532 0130 00 today'],
    ['iban', 'GB82WEST12345698765432'],
    ['us-social-security-number', 'SSN 219-09-9999'],
    ['ip-address', 'host 203.14.113.77 answers'],
    ['private-key', made('-----BEGIN RSA PRIV', 'ATE KEY-----')],
    ['aws-access-key', made('AKI', 'AIOSFODNN7EXAMPLE')],
    ['github-token', made('gh', 'p_', 'a1B2'.repeat(9))],
    ['gitlab-token', made('glp', 'at-', 'a1B2_'.repeat(4))],
    ['slack-token', made('xo', 'xb-1234567890-abcdef')],
    ['api-key', made('s', 'k-proj-', 'a1B2'.repeat(10))],
    ['json-web-token', made('eyJ', 'hbGciOiJIUzI1NiJ9.eyJ', 'zdWIiOiIxMjM0In0.', 'a1B2c3'.repeat(5))],
    ['password-in-address', 'postgres://admin:hunter22@db.internal/app'],
  ])('%s: %s', (kind, content) => {
    expect(kindsIn(content)).toMatchObject({ [kind]: 1 });
  });

  test.each([
    'version 10.2.3.4 and 1.2.3.4', 'address 192.168.0.1', 'net loss of 123,456,789', 'card 4111 1111 1111 1112', 'DE89 3704 0044 0532 0130 01', 'pi is 3.14159265358979', 'a@b', 'someone@example.com',
    'order 1234567890123', '2024-01-02 12:30:45', 'AKIA is a prefix', 'https://host/path', 'import numpy as np  # @decorator',
  ])('not in: %s', (content) => {
    expect(kindsIn(content)).toEqual({});
  });

  test('is counted with where, and never kept whole', () => {
    const counter = new SensitiveCounter();
    const secret = 'jane.doe@mail.company.org';
    for (let row = 1; row <= 9; row += 1) counter.add({ messages: [{ role: 'user', content: `${secret} and ${secret}` }, { role: 'assistant', content: 'no', toolCalls: [{ name: 'send', arguments: { to: secret } }] }] }, row);
    counter.add({ messages: [], text: secret, rejected: secret }, 10);
    const { email } = counter.finish();
    expect(email).toMatchObject({ hits: 29, rows: 10 });
    expect(email!.first).toHaveLength(5);
    expect(email!.first[2]).toEqual({ row: 1, where: 'messages[1].tool_calls', masked: 'jane… (25 characters)' });
    expect(JSON.stringify(counter.finish())).not.toContain('doe');
  });
});
