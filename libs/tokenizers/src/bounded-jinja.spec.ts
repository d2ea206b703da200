import { parseTemplate, renderBounded, runWithin } from './bounded-jinja.js';

const now = new Date(2024, 2, 5, 7, 8, 9);
// A minute is for machines with much else to do: only what runs for ever meets it, and is given less.
const limits = { characters: 10_000, items: 1_000, steps: 20_000, milliseconds: 60_000 };
const briefly = { ...limits, milliseconds: 500 };
const render = (source: string, variables: Record<string, unknown> = {}, within = limits) => renderBounded([parseTemplate(source)], variables, now, within);

describe('renderBounded', () => {
  it('renders as transformers does: blocks swallow their line', () => {
    expect(render('  {% for x in xs %}\n{{ x }},\n  {% endfor %}\nend\n', { xs: [1, 2] })).toBe('1,\n2,\nend');
  });

  it('knows ranges, constants and the date it is given', () => {
    expect(render('{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}{{ True }}{{ None is none }}')).toBe('531truetrue');
    expect(render("{{ strftime_now('%d %b %Y %H:%M:%S %A %B %j') }}")).toBe('05 Mar 2024 07:08:09 Tuesday March %j');
  });

  it.each<[string, string, string]>([
    ['nested loops', '{% for a in range(900) %}{% for b in range(900) %}{{ a }}{% endfor %}{% endfor %}', 'steps'],
    ['a range without end', '{% for a in range(1000000000000) %}{% endfor %}', 'items'],
    ['doubling text', '{% set ns = namespace(x="ab") %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}', 'characters'],
    ['doubling lists', '{% set ns = namespace(x=[1,2]) %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}', 'items'],
    ['indentation without end', "{{ 'a\nb' | indent(100000000) }}", 'characters'],
    ['lists of the same list, spelled out', '{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}', 'milliseconds'],
  ])('stops %s', (_, source, what) => {
    expect(() => render(source, {}, what === 'milliseconds' ? briefly : limits)).toThrow(expect.objectContaining({ name: 'ChatTemplateError', code: 'chat-template-limit', facts: expect.objectContaining({ what }) }));
  });

  it('stops recursion without end', () => {
    expect(() => render('{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}')).toThrow(expect.objectContaining({ code: expect.stringMatching(/chat-template-(failed|limit)/) }));
  });

  it('passes on what the template itself refuses', () => {
    expect(() => render("{{ raise_exception('Roles must alternate') }}")).toThrow(expect.objectContaining({ code: 'chat-template-refused', message: expect.stringContaining('Roles must alternate') }));
  });

  it('reaches nothing of the program that runs it', () => {
    expect(render("{{ constructor }}{{ __proto__ }}{{ ''.constructor }}{{ process }}{{ globalThis }}")).toBe('');
    expect(() => render("{{ ''['constructor']('return 1')() }}")).toThrow(expect.objectContaining({ code: 'chat-template-failed' }));
  });

  it('refuses what is no template, and unknown filters', () => {
    expect(() => parseTemplate('{% for %}')).toThrow(expect.objectContaining({ code: 'chat-template-bad-syntax' }));
    expect(() => parseTemplate('{{ unterminated')).toThrow(expect.objectContaining({ code: 'chat-template-bad-syntax' }));
    expect(() => render('{{ 1 | nosuchfilter }}')).toThrow(expect.objectContaining({ code: 'chat-template-failed' }));
  });

  it('lets inner work share the time of the outer', () => {
    const loop = () => {
      for (;;) render('x');
    };
    expect(() => runWithin(100, loop)).toThrow(expect.objectContaining({ code: 'chat-template-limit' }));
    expect(render('still works')).toBe('still works');
  });
});
