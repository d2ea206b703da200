/** A kind of personal data or secret: a line of the list below. */
export interface SensitiveKind {
  readonly name: string;
  /** Whether a text is worth searching; a cheap look. */
  readonly hint: string | RegExp;
  readonly pattern: RegExp;
  /** What the shape alone cannot tell, such as check digits. */
  readonly accept?: (match: string) => boolean;
}

/**
 * What is looked for. Shapes are narrow on purpose: a report that cries at every number is not read. Secrets have the prefixes that their issuers publish
 * so that scanners find them.
 */
export const sensitiveKinds: readonly SensitiveKind[] = [
  { name: 'email', hint: '@', pattern: /(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z]{2,24}(?![\w-])/gi, accept: (match) => !/@(?:example|test|domain|email)\.|@.*\.(?:png|jpe?g|gif|svg|js|css)$/i.test(match) },
  { name: 'phone', hint: /\+\d|\(\d{3}\)|\d{3}[-. ]\d{3}[-. ]\d{4}/, pattern: /(?<![\w+.-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}|\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}([-. ])\d{3}\1\d{4})(?![\w-]|\.\d)/g, accept: (match) => digitsOf(match).length >= 8 && digitsOf(match).length <= 15 },
  { name: 'payment-card', hint: /\d{4}[ -]?\d{4}[ -]?\d/, pattern: /(?<![\w.-])(?:[3-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\w-]|\.\d)/g, accept: (match) => isCard(digitsOf(match)) },
  { name: 'iban', hint: /[A-Z]{2}\d{2} ?[A-Z\d]{4}/, pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,4})?\b/g, accept: isIban },
  { name: 'us-social-security-number', hint: /\d{3}-\d{2}-\d{4}/, pattern: /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g },
  { name: 'ip-address', hint: /\d\.\d{1,3}\.\d/, pattern: /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/g, accept: isPublicAddress },
  { name: 'private-key', hint: 'PRIVATE KEY', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/g },
  { name: 'aws-access-key', hint: /A(?:KIA|SIA)/, pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g },
  { name: 'github-token', hint: /gh[pousr]_|github_pat_/, pattern: /\b(?:gh[pousr]_[A-Za-z\d]{36,251}|github_pat_[A-Za-z\d_]{50,255})\b/g },
  { name: 'gitlab-token', hint: 'glpat-', pattern: /\bglpat-[\w-]{20,}/g },
  { name: 'slack-token', hint: 'xox', pattern: /\bxox[abeoprs]-[\w-]{10,}/g },
  { name: 'api-key', hint: /sk-|sk_live|rk_live|AIza|hf_|npm_/, pattern: /\b(?:sk-(?:ant-|proj-)?[\w-]{32,}|[rs]k_live_[A-Za-z\d]{20,}|AIza[\w-]{35}|hf_[A-Za-z]{34}|npm_[A-Za-z\d]{36})/g },
  { name: 'json-web-token', hint: 'eyJ', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g },
  { name: 'password-in-address', hint: '://', pattern: /\b[a-z][a-z\d+.-]*:\/\/[^\s/:@"'<>]{1,64}:[^\s/@"'<>]{3,128}@[^\s"'<>]+/gi },
];

function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

/** The check digit of payment cards (ISO/IEC 7812-1, Luhn), and not one digit repeated. */
function isCard(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The check digits of ISO 13616: moved to the end and with letters as numbers, the whole leaves 1 when it is divided by 97. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '');
  if (plain.length < 15 || plain.length > 34) return false;
  let remainder = 0;
  for (const character of plain.slice(4) + plain.slice(0, 4)) {
    const value = parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** Versions and section numbers look like addresses; addresses of private networks say nothing of anyone. */
function isPublicAddress(text: string): boolean {
  const [first, second] = text.split('.').map(Number) as [number, number];
  return first >= 11 && first < 224 && first !== 127 && !(first === 169 && second === 254) && !(first === 172 && second >= 16 && second < 32) && !(first === 192 && second === 168) && text.split('.').some((part) => part.length > 1);
}
