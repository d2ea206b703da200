import { fillPlaceholders, placeholdersIn } from './placeholders.js';
import type { Row } from './row.js';

const row: Row = {
  messages: [
    { role: 'user', content: 'Who are you?' },
    { role: 'assistant', content: 'I am {{NAME}}, made by {{MAKER}}. {{ name }} and {{x.y}} are other templates.' },
  ],
  split: 'train',
  tags: ['identity'],
  expect: '{{NAME}}',
};

describe('placeholders', () => {
  test('are found in messages and in what is expected', () => {
    expect([...placeholdersIn(row)].sort()).toEqual(['MAKER', 'NAME']);
    expect([...placeholdersIn({ messages: [], expect: '{{ONLY_HERE}}' })]).toEqual(['ONLY_HERE']);
  });

  test('are filled in everywhere, and the rest of the row stays', () => {
    const [filled] = fillPlaceholders([row], { NAME: 'Juniper', MAKER: 'Northwind $& Labs' });
    expect(filled).toEqual({
      ...row,
      messages: [row.messages[0], { role: 'assistant', content: 'I am Juniper, made by Northwind $& Labs. {{ name }} and {{x.y}} are other templates.' }],
      expect: 'Juniper',
    });
  });

  test.each([
    [{ NAME: 'Juniper' }, 'placeholder-without-value', '{{MAKER}}'],
    [{ NAME: 'Juniper', MAKER: 'Northwind', MAKR: 'Northwind' }, 'placeholder-unknown', 'MAKR'],
    [{ NAME: ' ', MAKER: 'Northwind' }, 'placeholder-bad-value', 'NAME'],
    [{ NAME: '{{MAKER}}', MAKER: 'Northwind' }, 'placeholder-bad-value', 'NAME'],
  ])('refuses the values %j', (values, code, named) => {
    expect(() => fillPlaceholders([row], values)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(named) }));
  });
});
