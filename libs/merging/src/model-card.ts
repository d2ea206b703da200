import { writeFileAtomically } from '@tunesmith/checkpoints';
import { join } from 'node:path';
import type { Examination } from './examine-merge.js';
import type { MergeConfiguration } from './merge-configuration.js';
import type { MergeReport } from './merge-models.js';
import { findMergeMethod } from './methods.js';

export interface ModelCard {
  readonly configuration: MergeConfiguration;
  readonly seed: number;
  readonly report: MergeReport;
  readonly examination: Examination;
  /** Of the inputs' models, where they are known by one. */
  readonly digests?: readonly string[] | undefined;
}

/** Writes README.md: how the model was made, of what, and how it compares, in the form that model hubs read. */
export async function writeModelCard(folder: string, { configuration, seed, report, examination, digests }: ModelCard): Promise<void> {
  const method = findMergeMethod(configuration.method);
  const { inputs, base } = configuration;
  const paper = method.paper === null ? '' : ` (${paperLink(method.paper)})`;
  const parents = inputs.map(({ name, model }, place) => `| ${cell(name)} | ${place === base ? 'base' : 'model'} | ${digests?.[model] === undefined ? '' : `\`${digests[model]}\``} |`);
  const figures = examination.result
    ? ['', '## Figures', '', '| model | perplexity | bits per byte |', '|---|---|---|', row('this model', examination.result), ...examination.parents.map((parent) => row(parent.name, parent))]
    : [];
  const lines = [
    '---', 'library_name: transformers', 'tags:', '- merge', '- tunesmith', '---', '',
    '# Merged model', '',
    `Made by Tunesmith with **${method.title}**${paper} from ${inputs.length} input${inputs.length === 1 ? '' : 's'}. ${report.changedTensors} of ${report.tensors} tensors were computed; the vocabulary has ${report.vocabularySize} tokens${method.random ? `; random numbers start at ${seed}` : ''}.`, '',
    ...(report.remarks ?? []).flatMap((remark) => [remark, '']),
    '## Parents', '', '| model | role | artifact |', '|---|---|---|', ...parents, '',
    '## Configuration', '', '```json', JSON.stringify(configuration, null, 2), '```', ...figures, '',
  ];
  await writeFileAtomically(join(folder, 'README.md'), lines.join('\n'));
}

function row(name: string, { perplexity, bitsPerByte }: { perplexity: number; bitsPerByte: number }): string {
  return `| ${cell(name)} | ${perplexity.toPrecision(5)} | ${bitsPerByte.toPrecision(4)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function paperLink(paper: string): string {
  const [kind, id] = [paper.slice(0, paper.indexOf(':')), paper.slice(paper.indexOf(':') + 1)];
  const site = { arXiv: 'https://arxiv.org/abs/', doi: 'https://doi.org/' }[kind];
  return site === undefined ? paper : `[${paper}](${site}${id})`;
}
