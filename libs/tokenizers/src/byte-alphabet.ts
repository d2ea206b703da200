/**
 * GPT-2's spelling of bytes as printable characters: printable Latin-1 stays, the other 68 bytes become U+0100 onwards (openai/gpt-2,
 * encoder.py).
 */
export function byteAlphabet(): readonly string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
}
