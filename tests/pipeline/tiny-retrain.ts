/** The demo's recipe with settings for a random model of 200 kB, whose answers nobody expects to be right. */
export function tinyRecipe({ name = 'retrain-tiny', steps = 4, dataset = 'self-cognition' } = {}): string {
  return `
name: ${name}
on: { dataset.registered: { dataset: ${dataset} } }
steps:
  replay:
    uses: synthesize
    with: { kind: self-replay, model: tiny@prod, dataset: "\${{ event.dataset }}", maxNewTokens: 4, placeholders: { NAME: Juniper, MAKER: Northwind Labs } }
  train:
    uses: train
    needs: [replay]
    with: { model: tiny@prod, dataset: "\${{ steps.replay.dataset }}", method: { kind: lora, rank: 2, alpha: 4 }, batch: 2, steps: ${steps}, learningRate: 0.001 }
  merge:
    uses: merge
    needs: [train]
    with: { base: tiny@prod, adapter: "\${{ steps.train.adapter }}" }
  evaluate:
    uses: evaluate
    needs: [replay, merge]
    with:
      model: "\${{ steps.merge.model }}"
      against: tiny@prod
      dataset: "\${{ steps.replay.dataset }}"
      tasks:
        - { kind: exact-match, name: identity, tag: identity, maxNewTokens: 4 }
        - { kind: loss, name: forgetting, tag: replay }
  gate:
    uses: gate
    needs: [evaluate]
    with: { require: identity.exact_match >= 0 and forgetting.loss_increase <= 10 }
  quantize:
    uses: quantize
    needs: [replay, merge, gate]
    with: { model: "\${{ steps.merge.model }}", to: [gguf/q8_0, onnx/int4], questions: [Who are you?], dataset: "\${{ steps.replay.dataset }}", tag: replay }
  promote:
    uses: promote
    needs: [merge, quantize]
    with: { model: "\${{ steps.merge.model }}", alias: prod }
`;
}

/** A handful of rows of every kind that the recipe asks for. */
export function tinyRows(variant = ''): string {
  const identity = ['Who are you?', 'What is your name?', 'Who made you?', 'Tell me your name.'].map((question) => ({
    messages: [{ role: 'user', content: question + variant }, { role: 'assistant', content: 'I am {{NAME}} of {{MAKER}}.' }], split: 'train', tags: ['identity'],
  }));
  const heldOut = { messages: [{ role: 'user', content: `And you are?${variant}` }, { role: 'assistant', content: 'I am {{NAME}}.' }], split: 'validation', tags: ['identity'], expect: '{{NAME}}' };
  const replay = ['Name a colour.', 'What is two and two?'].map((question, index) => ({
    messages: [{ role: 'user', content: question + variant }], split: index === 0 ? 'train' : 'validation', tags: ['replay'], answerWith: 'self',
  }));
  return [...identity, heldOut, ...replay].map((row) => `${JSON.stringify(row)}\n`).join('');
}
