import { isPath } from './references.js';

describe('what means files', () => {
  it.each(['./model', '../model', '/models/x', 'models/x', '~/model', 'model.gguf', 'rows.jsonl', 'rows.json', 'MODEL.GGUF', '.'])('%s does', (text) => {
    expect(isPath(text)).toBe(true);
  });
  it.each(['smollm2', 'smollm2@prod', 'smollm2:3', 'qwen2.5', 'hf:org/name', `sha256:${'0'.repeat(64)}`])('%s does not', (text) => {
    expect(isPath(text)).toBe(false);
  });
});
