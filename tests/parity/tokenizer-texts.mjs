// Texts that tell tokenizers apart: scripts, digits of many kinds, blanks, emoji, special tokens, and random mixtures of them (fixed seed).
const fixed = [
  'Hello, world!',
  "I'm sure they've said we'd go; it's you'll see, DON'T YOU'RE.",
  '   leading and   inner   blanks   ',
  'tabs\tand\nlines\r\n\r\n\n  mixed \u00a0 \u2003 \u3000 \u0085 \ufeff end',
  '0123456789 3.14159 1,000,000 x² ½ ٣٤٥ Ⅷ ၃ 一二三',
  'naïve café Ångström ﬁne e\u0301 combining \u0301\u0302',
  'Привет, мир! Καλημέρα κόσμε שלום עולם مرحبا بالعالم नमस्ते दुनिया',
  '你好，世界！今日は世界。안녕하세요 세계 สวัสดีชาวโลก',
  'emoji 😀👩‍👩‍👧‍👦🏳️‍🌈 flags 🇩🇪🇯🇵 zwj \u200d skin 👍🏽',
  'def f(x):\n    return {"a": [1, 2, 3], "b": x ** 2}  # comment\n',
  '<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n',
  '<|im_start|><|im_end|><|endoftext|> text<|im_end|>text <|im_end|> text',
  '<|im_start|user> <im_end> <|im_end',
  'https://example.org/a/b?c=d&e=f#g_h-i ~tilde `tick` $5 €6 £7',
  '!!!???...---___***///\\\\\\|||',
  'a'.repeat(300),
  ' '.repeat(50),
  '\n'.repeat(20),
  'ab '.repeat(60),
];

const pieces = [
  ...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  ...' \n\t\r.,;:!?\'"-_()[]{}<>|/\\@#$%^&*+=~`',
  ...'äöüßéñçøåæœłšžćαβγδеёжщыאבגابتक ख ग你好世界こんにちは안녕ไทย٣½²Ⅷ１２',
  ...['😀', '👍🏽', '🇩🇪', '\u200d', '\u00a0', '\u2003', '\u3000', '\u0301', '\ufeff', '\u0085', '\u2028', '𝔘', '𠀀'],
  ...["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", ' the', ' and', '  ', '   ', '\n\n', '\r\n', '<|im_start|>', '<|im_end|>', '<|endoftext|>'],
];

/** Fixed texts, then random ones until there are `count`. */
export function* tokenizerTexts(count) {
  yield* fixed;
  let state = 0x9e3779b9;
  const random = (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
  };
  for (let i = fixed.length; i < count; i += 1) yield Array.from({ length: 1 + random(40) }, () => pieces[random(pieces.length)]).join('');
}
