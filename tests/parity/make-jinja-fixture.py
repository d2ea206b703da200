"""What Jinja2, set up as lm-evaluation-harness sets it up, makes of templates.

    python tests/parity/make-jinja-fixture.py

Needs lm_eval 0.4.13; works offline. Writes tests/parity/fixtures/evaluation/jinja.json: {"fields", "templates": [[template, text], ...], "refused": [template, ...]}
"""
import json
from pathlib import Path

from lm_eval import utils

FIELDS = {"s": "Hello, World", "t": "  padded\n", "e": "", "n": 3, "z": 0, "neg": -2, "f": 2.5, "x5": 5.0, "big": 12345678901234567890, "b": True, "no": False, "nul": None, "xs": ["b", "a", "C"],
          "ns": [3, 1, 2], "em": [], "d": {"A": "x", "B": "y"}, "ds": [{"k": "p", "v": 2}, {"k": "q", "v": 1}, {"k": "p", "v": 3}], "u": "Straße ÉTÉ 東京", "q": "it's \"so\"", "label": 1,
          "choices": {"text": ["one", "two"], "label": ["A", "B"]}, "ml": "line one\nline two\n\nline four", "dt": "2024-01-02", "num": "42", "fl": "3.7", "mixed": [1, "a", None, True, 2.5],
          "nest": [[1, 2], [3]], "html": "<b>&amp;</b>", "long": "the quick brown fox jumps over the lazy dog again and again", "naïve_name": "ï", "größe": 7,
          "tree": [{"n": 1, "c": [{"n": 2, "c": []}]}, {"n": 3, "c": []}]}

# One a line; a line that leaves a block open goes on in the next.
TEMPLATES = r"""
{{ s | abs }}
{{ neg | abs }}
{{ xs | batch(2) | list }}
{{ ns | batch(2, 0) | list }}
{{ s | capitalize }}
{{ s | center(20) }}
{{ missing | default('x') }}
{{ e | default('x', true) }}
{{ nul | default('x') }}
{{ nul | default('x', boolean=True) }}
{{ d | dictsort }}
{{ d | dictsort(by='value') }}
{{ html | e }}
{{ html | escape }}
{{ html | safe }}
{{ html | forceescape }}
{{ xs | first }}
{{ em | first }}
{{ em | last }}
{{ s | first }}
{{ s | last }}
{{ fl | float }}
{{ num | float }}
{{ s | float }}
{{ s | float(1.5) }}
{{ n | float }}
{{ "%s-%s" | format(s, n) }}
{{ "%d" % n }}
{{ "%s and %s" % (s, n) }}
{{ "%.2f" % f }}
{{ "%5.1f|" % f }}
{{ "%03d" % n }}
{{ "%s" % xs }}
{{ "%s" % s }}
{{ "%%" % () }}
{{ "{} {}".format(s, n) }}
{{ "{0}-{1}-{0}".format(s, n) }}
{{ "{a}".format(a=s) }}
{{ "{:.1f}".format(f) }}
{{ "{:>5}".format(n) }}
{{ "{:03d}".format(n) }}
{{ ds | groupby('k') | list | length }}
{% for g, items in ds | groupby('k') %}{{ g }}:{{ items | map(attribute='v') | join(',') }};{% endfor %}
{% for g in ds | groupby('k') %}{{ g.grouper }}={{ g.list | length }};{% endfor %}
{{ ml | indent }}
{{ ml | indent(2) }}
{{ ml | indent(2, true) }}
{{ ml | indent(width=3, first=True, blank=True) }}
{{ num | int }}
{{ fl | int }}
{{ f | int }}
{{ s | int }}
{{ s | int(7) }}
{{ b | int }}
{{ d | items | list }}
{% for k, v in d | items %}{{ k }}{{ v }}{% endfor %}
{{ xs | join }}
{{ xs | join(', ') }}
{{ ns | join('-') }}
{{ mixed | join('|') }}
{{ ds | join(',', attribute='k') }}
{{ s | join('.') }}
{{ d | join(',') }}
{{ xs | length }}
{{ s | length }}
{{ d | length }}
{{ u | length }}
{{ xs | count }}
{{ s | list }}
{{ d | list }}
{{ u | lower }}
{{ u | upper }}
{{ n | upper }}
{{ n | lower }}
{{ b | lower }}
{{ nul | upper }}
{{ xs | map('upper') | list }}
{{ xs | map('length') | list }}
{{ ds | map(attribute='v') | list }}
{{ ds | map(attribute='zz', default='?') | list }}
{{ ds | map(attribute='v') | sum }}
{{ xs | map('replace', 'a', 'z') | join }}
{{ nest | map('sum') | list }}
{{ nest | map(attribute=0) | list }}
{{ nest | map('first') | join(' ') }}
{{ ns | map('string') | join('+') }}
{{ xs | map('trim') | map('capitalize') | join(' ') }}
{{ ns | max }}
{{ ns | min }}
{{ xs | max }}
{{ xs | min }}
{{ ds | max(attribute='v') }}
{{ ns | reject('odd') | list }}
{{ ns | reject('equalto', 1) | list }}
{{ ds | rejectattr('k', 'equalto', 'p') | list }}
{{ xs | reject('in', ['a']) | list }}
{{ s | replace('l', 'L') }}
{{ s | replace('l', 'L', 1) }}
{{ n | replace('3', 'x') }}
{{ xs | reverse | list }}
{{ s | reverse }}
{{ f | round }}
{{ 2.675 | round(2) }}
{{ 0.5 | round }}
{{ 1.5 | round }}
{{ 2.5 | round }}
{{ f | round | int }}
{{ f | round(1, 'floor') }}
{{ 2.31 | round(1, 'ceil') }}
{{ n | round }}
{{ ns | select('odd') | list }}
{{ ns | select('greaterthan', 1) | list }}
{{ ns | select('>', 1) | list }}
{{ mixed | select | list }}
{{ mixed | select('string') | list }}
{{ mixed | select('none') | list }}
{{ ds | selectattr('k', 'equalto', 'p') | list }}
{{ ds | selectattr('k', '==', 'p') | map(attribute='v') | list }}
{{ ds | selectattr('v') | list | length }}
{{ ds | selectattr('v', 'gt', 1) | list | length }}
{{ ds | selectattr('k', 'in', ['q']) | list }}
{% for c in ns | slice(2) %}{{ c }}{% endfor %}
{{ xs | sort }}
{{ xs | sort(case_sensitive=true) }}
{{ ns | sort(reverse=true) }}
{{ ds | sort(attribute='v') | map(attribute='v') | list }}
{{ f | string }}
{{ xs | string }}
{{ html | striptags }}
{{ ns | sum }}
{{ ns | sum(start=10) }}
{{ ds | sum(attribute='v') }}
{{ s | title }}
{{ q | title }}
{{ u | title }}
{{ d | tojson }}
{{ xs | tojson }}
{{ d | tojson(indent=2) }}
{{ u | tojson }}
{{ html | tojson }}
{{ q | tojson }}
{{ f | tojson }}
{{ t | trim }}
{{ s | trim('Hd') }}
{{ n | trim }}
{{ long | truncate(20) }}
{{ long | truncate(20, true) }}
{{ long | truncate(20, true, '') }}
{{ xs | unique | list }}
{{ ['a','A','b'] | unique | list }}
{{ s | urlencode }}
{{ long | wordcount }}
{{ long | wordwrap(20) }}
{{ s is defined }}
{{ missing is defined }}
{{ missing is undefined }}
{{ nul is none }}
{{ nul is not none }}
{{ s is string }}
{{ n is number }}
{{ b is number }}
{{ b is boolean }}
{{ b is true }}
{{ n is integer }}
{{ f is float }}
{{ d is mapping }}
{{ xs is iterable }}
{{ s is iterable }}
{{ xs is sequence }}
{{ d is sequence }}
{{ n is even }}
{{ n is odd }}
{{ n is divisibleby 3 }}
{{ n is divisibleby(3) }}
{{ n is eq 3 }}
{{ n is equalto 3 }}
{{ n is sameas 3 }}
{{ n is in [3, 4] }}
{{ n is not in [3, 4] }}
{{ s is lower }}
{{ u is upper }}
{{ n is gt 2 }}
{{ n is ge 3 }}
{{ n is lt 2 }}
{{ n is ne 2 }}
{{ s is callable }}
{{ 'trim' is filter }}
{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }}{{ x }};{% endfor %}
{% for x in xs %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }};{% endfor %}
{% for x in xs %}{{ loop.previtem }}{% endfor %}
{% for x in xs %}{{ loop.cycle('odd', 'even') }}{% endfor %}
{% for x in ds %}{{ loop.changed(x.k) }}{% endfor %}
{% for x in nest %}{{ loop.depth }}{% endfor %}
{% for x in em %}{{ x }}{% else %}none{% endfor %}
{% for x in ns if x > 1 %}{{ loop.index }}{{ x }}{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}
{% for k in d.keys() %}{{ k }}{% endfor %}
{% for a in nest %}{% for b in a %}{{ loop.index }}{{ b }}{% endfor %}{% endfor %}
{% for a in nest %}{% set outer = loop %}{% for b in a %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}
{% for a, b in [(1,2),(3,4)] %}{{ a }}-{{ b }} {% endfor %}
{% for i in range(3) %}{{ i }}{% endfor %}
{% for i in range(1, 7, 2) %}{{ i }}{% endfor %}
{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}
{% for c in s %}{{ c }}.{% endfor %}
{% for x in xs | reverse %}{{ x }}{% endfor %}
{% for x in xs[::-1] %}{{ x }}{% endfor %}
{% for x in xs %}{% if loop.index == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}
{% for x in xs %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for x in xs %}{{ "ABC"[loop.index0] }}. {{ x }}
{% endfor %}
{%- for x in xs -%}  {{ x }}  {%- endfor -%}
{%- for x in xs %}
{{ x }}
{%- endfor %}
  {% if b %}yes{% endif %}  
  {%- if b -%}  yes  {%- endif -%}  
{% if n > 2 and not no %}A{% elif n %}B{% else %}C{% endif %}
{% if xs %}full{% endif %}{% if em %}x{% else %}empty{% endif %}
{% if d %}d{% endif %}{% if e %}e{% else %}none{% endif %}
{% if "a" in xs %}in{% endif %}{% if "A" in d %}key{% endif %}{% if "ell" in s %}sub{% endif %}
{% if "zz" not in s %}not{% endif %}
{% set x = 5 %}{{ x }}
{% set x, y = 1, 2 %}{{ x }}{{ y }}
{% set x %}block {{ n }}{% endset %}{{ x }}
{% set x | upper %}block{% endset %}{{ x }}
{% set ns2 = namespace(total=0) %}{% for x in ns %}{% set ns2.total = ns2.total + x %}{% endfor %}{{ ns2.total }}
{% set x = 0 %}{% for y in ns %}{% set x = x + y %}{% endfor %}{{ x }}
{% macro m(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }}{{ m('x', 'y') }}{{ m('x', b='q') }}
{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}in{% endcall %}
{% filter upper %}text {{ s }}{% endfilter %}
{% raw %}{{ not }}{% endraw %}
a{# comment #}b
a{#- comment -#} b
{% with a = 1 %}{{ a }}{% endwith %}
{% with %}{% set a = 2 %}{{ a }}{% endwith %}
{{ "yes" if b else "no" }}
{{ "yes" if no }}
{{ "a" ~ n ~ f }}
{{ n // 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 / 2 }} {{ 6 / 2 }}
{{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 3 }} {{ 2 ** -1 }}
{{ n + f }} {{ n * 2 }} {{ n - 5 }} {{ -n }} {{ +n }}
{{ xs + ["z"] }}
{{ xs * 2 }}
{{ "ab" * 3 }}
{{ "a" + "b" }}
{{ "a" "b" }}
{{ s[0] }}{{ s[-1] }}{{ s[1:4] }}{{ s[:-2] }}{{ s[::2] }}{{ s[::-1] }}
{{ xs[0] }}{{ xs[-1] }}{{ xs[1:] }}{{ xs[:2] }}{{ xs[::2] }}
{{ "ABCD"[label] }}
{{ ["A","B","C"][label] }}
{{ choices.text[label] }}
{{ choices["text"][0] }}
{{ choices.text | length }}
{{ choices.label.index("B") }}
{{ "ABCD".index("C") }}
{{ d.A }}{{ d["B"] }}{{ d.get("A") }}{{ d.get("Z") }}{{ d.get("Z", "dflt") }}
{{ d.items() | list }}
{{ d.keys() | list }}
{{ d.values() | list }}
{{ d.values() | join(' ') }}
{{ d }}
{{ xs }}
{{ mixed }}
{{ nest }}
{{ ds[0] }}
{{ (1, 2) }}
{{ (1,) }}
{{ () }}
{{ {} }}
{{ [] }}
{{ {"a": 1, "b": [1, 2]} }}
{{ {1: "x"}[1] }}
{{ {"x": "p", "y": "q"}["y"] }}
{{ nul }}{{ b }}{{ no }}
{{ true }}{{ True }}{{ none }}{{ None }}{{ false }}{{ False }}
{{ f }}{{ n / 1 }}{{ 1e3 }}{{ 1.0 }}{{ 10000000000000000000000 }}{{ 0.1 + 0.2 }}
{{ 1_000 }}
{{ 0x1F }}
{{ s.split(", ") }}
{{ s.split() }}
{{ ml.split("\n") }}
{{ ml.splitlines() }}
{{ s.split(",", 1)[1] }}
{{ s.split(",")[0].strip() }}
{{ s.rsplit("o", 1) }}
{{ s.replace("l", "L") }}
{{ s.replace("l", "L", 1) }}
{{ s.startswith("He") }}{{ s.endswith("ld") }}
{{ s.startswith(("He", "x")) }}
{{ s.lower() }}{{ s.upper() }}{{ s.title() }}{{ q.title() }}{{ s.capitalize() }}{{ s.swapcase() }}
{{ t.strip() }}|{{ t.lstrip() }}|{{ t.rstrip() }}|
{{ s.strip("Hd") }}{{ s.lstrip("He") }}{{ s.rstrip("dl") }}
{{ num.zfill(5) }}{{ "-5".zfill(4) }}
{{ s.center(20, "*") }}{{ s.ljust(15) }}|{{ s.rjust(15) }}
{{ num.isdigit() }}{{ s.isalpha() }}{{ num.isnumeric() }}{{ "Abc".istitle() }}{{ s.isupper() }}
{{ s.count("l") }}{{ s.find("W") }}{{ s.find("zz") }}{{ s.rfind("o") }}{{ s.index("W") }}{{ s.rindex("o") }}
{{ ", ".join(xs) }}
{{ "".join(xs) }}
{{ " ".join(["a"] * 3) }}
{{ s.partition(", ") }}{{ s.rpartition("o") }}
{{ s.removeprefix("Hello") }}{{ s.removesuffix("World") }}
{{ u.casefold() }}
{{ s.expandtabs() }}
{{ xs.index("a") }}{{ xs.count("a") }}
{{ xs.append("q") or xs }}
{{ s.format() }}
{{ s | regex_replace("l+", "L") }}
{{ s | regex_replace("(H)(e)", "\\2\\1") }}
{{ s | regex_replace("\\w+", "<\\g<0>>") }}
{{ u | regex_replace("\\w+", "w") }}
{{ s | regex_replace("l", "L", 1) }}
{{ s | regex_replace("(?i)WORLD", "x") }}
{{ s | regex_replace("(?P<a>o)", "[\\g<a>]") }}
{{ ml | regex_replace("^line", "L") }}
{{ ml | regex_replace("(?m)^line", "L") }}
{{ s | regex_replace("[^a-z]", "") }}
{{ 1 < n < 5 }}
{{ 1 == 1.0 }} {{ 1 == True }} {{ "1" == 1 }} {{ none == 0 }}
{{ [1,2] == [1,2] }} {{ d == {"A": "x", "B": "y"} }}
{{ not b }} {{ b and n }} {{ no or "x" }} {{ e or "empty" }} {{ em or "none" }}
{{ n == 3 and "three" or "other" }}
{{ dict(a=1, b=2) }}
{{ range(4) | list }}
{{ range(4) }}
{{ cycler("a", "b").next() }}
{% set j = joiner(", ") %}{% for x in xs %}{{ j() }}{{ x }}{% endfor %}
{{ "\n" }}x{{ "\t" }}y{{ '\'' }}{{ "\"" }}{{ "\\" }}
{{ 'It\'s' }}
{{ "\u00e9" }}{{ "\x41" }}
{{ s|lower|replace("hello", "bye")|title }}
{{ (n + 1) | string ~ "!" }}
{{ n | string + "!" }}
{{ -n | abs }}
{{ xs | length > 2 }}
{{ not xs }}
{{ xs is defined and xs | length }}
{{ missing }}
{{ missing.x }}
{{ d.missing }}
{{ d["missing"] }}
{{ xs[10] }}
{{ missing or "x" }}
{{ d.missing is defined }}
{{ d.missing | default("dd") }}
{{ d.missing.deeper is defined }}
{{ xs[10] is defined }}
{% if missing %}a{% else %}b{% endif %}
{% if missing is defined and missing %}a{% else %}b{% endif %}
{{ missing is defined or "x" }}
{{ s + n }}
{{ n + s }}
{{ nul + 1 }}
{{ em | max }}
{{ u[0:6] }}|{{ u[-2:] }}
{{ "😀x"[1] }}{{ "😀x" | length }}
{{ "😀x" | list }}
{{ "😀x"[::-1] }}
{{ s | e | lower }}
{{ b + 1 }} {{ b * 2 }} {{ [0,1,2][b] }} {{ ["n","y"][no] }}
{{ b | string }} {{ nul | string }}
{{ nul or "nothing" }}
{{ label | int + 1 }}
{{ num | int + 1 }}
{{ "A" if label == 0 else "B" if label == 1 else "C" }}
{{ ["A", "B"] | join("\n") }}
{{ "%s) %s" | format("A", s) }}
{{ xs | map("lower") | sort | join }}
{{ xs | zip(ns) | list }}
{% for a, b in zip(xs, ns) %}{{ a }}{{ b }}{% endfor %}
{% for i, x in enumerate(xs) %}{{ i }}{{ x }}{% endfor %}
{{ len(xs) }}
{{ str(n) }}
{{ int(num) }}
{{ xs | tojson | length }}
{{ loop }}
{% if s %} {{- s -}} {% endif %}
{{- s -}}  x
x  {{+ s }}
{%+ if b %}y{% endif %}
{{ "a" if b }}{{ "b" if not b else "" }}
{{ choices['text'] | join(', ') | trim }}
{{ (xs | join(', ')).upper() }}
{{ xs | join(', ') ~ '.' }}
{{ ds | map(attribute='k') | unique | join(',') }}
{{ ds | map(attribute='k') | list | unique | list | length }}
{{ ds[0].k ~ ds[-1]['v'] }}
{{ [x for x in xs] }}
{{ {"a": n}.a }}
{{ "a,b;c" | replace(",", ";") | list | length }}
{% set parts = s.split(", ") %}{{ parts[1] }}, {{ parts[0] }}
{% set letters = ["A", "B", "C"] %}{% for x in xs %}{{ letters[loop.index0] }}. {{ x }}{{ "\n" if not loop.last }}{% endfor %}
{% set letters = ["A", "B", "C"] %}{% for x in xs %}{{ letters[loop.index0] }}. {{ x }}{{ "\n" if not loop.last else "" }}{% endfor %}
{% do xs.append("z") %}
{{ n is number and n > 2 }}
{{ d is mapping and d.A == "x" }}
{{ fl is string }}
{{ 3 is odd }}
{% if label is sameas true %}x{% endif %}
{{ 5 | float }} {{ "5" | float | int }} {{ 1e16 }} {{ 123456789.123 }}
{{ 1/3 }}
{{ 10 / 4 }} {{ 1e22 }} {{ 100.0 }} {{ 1.10 }} {{ 3.0 * 2 }}
{{ 7.0 // 2 }} {{ 7.5 % 2 }}
{{ 2 ** 0.5 }}
{{ "abc" < "abd" }} {{ [1,2] < [1,3] }}
{{ n ~ "" == "3" }}
{{ s | length ~ "x" }}
{{ naïve_name }}{{ größe }}
{{ [1, 0].index(no) }}{{ [False, True].index(1) }}
{{ x5 }}{{ [x5, 2] }}{{ x5 + 1 }}{{ x5 | int }}{{ xs[label | int] }}
{{ x5 == 5 }}{{ {"a": x5} }}{{ x5 | string ~ "!" }}{{ big }}{{ big + 1 }}
{{ d.items }}
{{ {"items": 3}["items"] }}
{{ "a\xa0b\u2028c" }}{{ ["a\xa0b\u2028c\x00"] }}
{% for k, v in d | dictsort %}{{ loop.index }}{{ k }}{{ v }}{% endfor %}
{% for node in tree recursive %}{{ node.n }}{% if node.c %}({{ loop(node.c) }}){% endif %}{% endfor %}
{{ ", ".join(s) }}
{{ "%s" % none }}{{ "%5s|%-5s|" % ("a", "b") }}{{ "%+d" % 3 }}{{ "%x" % 255 }}{{ "%e" % 12345.678 }}{{ "%g" % 0.0001 }}
{{ "{:,}".format(1234567) }}{{ "{:.2%}".format(0.256) }}{{ "{:^7}|{:*>5}".format("a", "b") }}{{ "{0[A]}{1[label]}".format(d, choices) }}
{{ 7 // -2 }}{{ 7 % -3 }}{{ -7.5 // 2 }}{{ 9007199254740993 }}{{ 9007199254740992 + 1 }}{{ 2 ** 70 }}
{{ "abc"[1:] ~ "abc"[-2:] ~ "abc"[5:] }}{{ ns[-5:] }}{{ ns[::-2] }}
{% if a is defined %}{{ a }}{% endif %}{{ "x" if a is defined }}
{{ 1.23456 | round(3) }}{{ 0.125 | round(2) }}{{ 2.675 | round(2) }}{{ 1234.5 | round(-2) }}{{ -2.5 | round }}
{{ "ﬁn ﬂ".title() }}{{ "o'neil-smith" | title }}{{ "o'neil-smith".title() }}
{{ "a  b".split(" ") }}{{ " a  b c ".split(None, 1) }}{{ " a  b c ".rsplit(None, 1) }}{{ "a\x1cb".split() }}
{{ "x".center(4, "-") }}{{ "xy".center(5, "-") }}{{ "xy" | center(5) }}|
""".strip("\n").split("\n")

templates, refused, begun = [], [], ""
for line in TEMPLATES:
    begun += ("\n" if begun else "") + line
    try:
        utils.env.parse(begun)
    except Exception as error:
        if any(word in str(error) for word in ("end of template", "EOF")):
            continue
    try:
        text = utils.apply_template(begun, json.loads(json.dumps(FIELDS)))
        # Python says where in memory a method is.
        templates.append([begun, text]) if " at 0x" not in text else refused.append(begun)
    except Exception:
        refused.append(begun)
    begun = ""

path = Path(__file__).parent / "fixtures" / "evaluation" / "jinja.json"
path.write_text(json.dumps({"fields": FIELDS, "templates": templates, "refused": refused}, ensure_ascii=False, indent=0) + "\n")
print(len(templates), len(refused))
