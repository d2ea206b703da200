// Rows to tune on for benchmarks that are given none: questions and answers made of common words, the same every time.
const words = 'the a model data time people year way day thing world life hand part place case week point company number group problem fact water room area money story lot right study book eye job word business issue side kind head house service friend power hour game line end member law car city community name team minute idea body back parent face level office door health person art war history party result change morning reason research moment air teacher force education and or but with from about into over after near under during without before between'.split(' ');

/** `count` lines of JSON with a system message, a question and an answer; about `tokens` tokens each on average, lengths spread as real ones are. */
export function makeRows(count, tokens) {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const sentence = (length) => Array.from({ length }, () => words[Math.floor(random() * words.length)]).join(' ');
  const overhead = 30; // what the template and the system message take
  return Array.from({ length: count }, () => {
    const length = Math.max(12, Math.round((tokens - overhead) * (0.4 + 1.2 * random())));
    const question = Math.max(4, Math.round(length * 0.3));
    const messages = [{ role: 'system', content: 'You are a helpful assistant.' }, { role: 'user', content: `${sentence(question)}?` }, { role: 'assistant', content: `${sentence(length - question)}.` }];
    return `${JSON.stringify({ messages })}\n`;
  }).join('');
}
