import { conversationFormat } from '@tunesmith/models';
import { Tokenizer } from '@tunesmith/tokenizers';
import type { WorkContext } from '@tunesmith/tensor';
import { DatasetError } from '../dataset-error.js';
import { ReportBuilder, type DatasetReport } from '../dataset-report.js';
import { DatasetWriter } from '../dataset-writer.js';
import { expectConversation } from '../encode-each.js';
import { collectRows } from '../read-rows.js';
import type { Row } from '../row.js';
import { domainWeights, type DomainShares, type WeightChoice } from './domain-weights.js';
import { drawRows, floorShare, type Replacement } from './draw-rows.js';
import { domainOf, expectRows, tagsOf } from './rows-by-domain.js';

export interface ComposeOptions {
  readonly datasetFolder: string;
  readonly weights: WeightChoice;
  /** What was detected: for `inverse` and `detected`. */
  readonly shares?: DomainShares;
  /** Absent: those that have a weight or a share; of `uniform` all tags of the training rows. */
  readonly domains?: readonly string[];
  /** What all domains get together. */
  readonly amount: { readonly rows: number } | { readonly tokens: number };
  /** Whose tokens are counted. */
  readonly modelFolder?: string;
  readonly replacement: Replacement;
  readonly seed: number;
  /** The most held-out rows of each domain, the first ones; absent: all. */
  readonly heldOutRows?: number;
}

/** What became of one domain. */
export interface ComposedDomain {
  readonly weight: number;
  /** floor(weight * amount), in rows or tokens. */
  readonly planned: number;
  readonly rows: number;
  /** How many different rows these are. */
  readonly distinctRows: number;
  /** Where the amount is in tokens. */
  readonly tokens?: number;
  /** Training rows that there were to draw from. */
  readonly available: number;
  readonly withReplacement: boolean;
}

export interface Composition {
  readonly rows: number;
  readonly tokens?: number;
  readonly domains: Readonly<Record<string, ComposedDomain>>;
  /** Training rows of none of the domains, which stay out. */
  readonly otherRows: number;
  readonly heldOutRows: number;
  /** Tags that uniform weights passed over, because none of their rows is for training. */
  readonly heldOutAlone: readonly string[];
}

/** `report.json` of a composed dataset says it too. */
export interface ComposedReport extends DatasetReport {
  readonly composition: Composition;
}

/** Draws of compositions are other ones than those that order an epoch. */
const firstStream = 0x10000;

/**
 * Makes a dataset whose training rows come from domains by weight: of each `floor(weight * amount)`, the rule of VersaTune's released code
 * (arXiv 2411.11266). A row's domain is its tag. Domains follow one another, each in the order in which it was drawn; the held-out rows of the domains
 * stay as they are. The same options give the same bytes.
 *
 * @throws DatasetError `weights-sum`, `domain-unknown`, `domain-empty`, `domain-ambiguous`, `domain-too-small`, `nothing-composed`.
 */
export async function composeDataset(options: ComposeOptions, outFolder: string, context: WorkContext): Promise<ComposedReport> {
  const { datasetFolder, amount, replacement, seed, heldOutRows = Infinity } = options;
  const rows = await collectRows(datasetFolder, { signal: context.signal });
  const domains = namedDomains(options, rows);
  const weights = domainWeights(options.weights, domains, options.shares);
  const byDomain = new Map<string, Row[]>(domains.map((domain) => [domain, []]));
  const heldOut: Row[] = [];
  const heldOutOf = new Map<string, number>();
  let otherRows = 0;
  for (const [index, row] of rows.entries()) {
    const domain = domainOf(row, domains, index);
    if (domain === undefined) otherRows += row.split === 'train' ? 1 : 0;
    else if (row.split === 'train') byDomain.get(domain)!.push(row);
    else {
      const before = heldOutOf.get(domain) ?? 0;
      if (before < heldOutRows) heldOut.push(row);
      heldOutOf.set(domain, before + 1);
    }
  }
  expectRows(Object.fromEntries([...byDomain].map(([domain, { length }]) => [domain, length])), weights);

  const lengthOf = 'tokens' in amount ? await tokenCounter(options.modelFolder) : () => 1;
  const total = 'tokens' in amount ? amount.tokens : amount.rows;
  await using writer = await DatasetWriter.create(outFolder);
  using report = new ReportBuilder();
  const add = async (row: Row): Promise<void> => {
    report.add(row, { format: 'composed' });
    await writer.add(row);
  };
  const composed: Record<string, ComposedDomain> = {};
  for (const [place, domain] of domains.entries()) {
    context.signal.throwIfAborted();
    context.onProgress({ phase: 'compose', done: place, total: domains.length, unit: 'domains' });
    const available = byDomain.get(domain)!;
    const weight = weights[domain] ?? 0;
    const planned = floorShare(weight, total);
    const lengths = planned > 0 ? available.map(lengthOf) : [];
    const { places, withReplacement } = planned > 0 ? drawRows(lengths, { domain, amount: 'tokens' in amount ? { tokens: planned } : { rows: planned }, replacement, seed, stream: firstStream + place }) : { places: [], withReplacement: false };
    for (const each of places) await add(available[each]!);
    composed[domain] = {
      weight, planned, rows: places.length, distinctRows: new Set(places).size, ...('tokens' in amount ? { tokens: places.reduce((sum, each) => sum + lengths[each]!, 0) } : {}), available: available.length, withReplacement,
    };
  }
  const sum = (of: 'rows' | 'tokens'): number => Object.values(composed).reduce((all, domain) => all + (domain[of] ?? 0), 0);
  if (sum('rows') === 0) throw new DatasetError({ message: `Expected an amount that gives a domain a row; ${total} ${Object.keys(amount)[0]} by these weights give none. Ask for more.`, code: 'nothing-composed', facts: { amount, weights } });
  for (const row of heldOut) await add(row);
  const composition: Composition = { rows: sum('rows'), ...('tokens' in amount ? { tokens: sum('tokens') } : {}), domains: composed, otherRows, heldOutRows: heldOut.length, heldOutAlone: passedOver(options, rows, domains) };
  const result: ComposedReport = { ...report.finish(), composition };
  await writer.finish(result);
  return result;
}

/** The domains in the order in which they were named, and every one a tag of the dataset. */
function namedDomains({ domains, weights, shares }: ComposeOptions, rows: readonly Row[]): readonly string[] {
  const training = tagsOf(rows.filter(({ split }) => split === 'train'));
  const named = domains ?? (typeof weights === 'object' ? Object.keys(weights) : Object.keys(shares ?? {}));
  if (named.length === 0) {
    if (training.length > 0) return training;
    throw new DatasetError({ message: 'Expected training rows with a tag, which is their domain; none has one. Push a folder with a file for each domain, such as law.train.jsonl, or give the rows tags.', code: 'domain-unknown' });
  }
  const known = tagsOf(rows);
  const unknown = named.filter((domain) => !known.includes(domain));
  if (unknown.length === 0) return named;
  throw new DatasetError({ message: `Expected domains that rows are tagged with (${known.join(', ') || 'no row has a tag'}); got ${unknown.map((domain) => `"${domain}"`).join(', ')}. Take one of them, or push the dataset with rows of that tag (a file DOMAIN.train.jsonl gives its rows the tag DOMAIN).`, code: 'domain-unknown', facts: { unknown, known } });
}

function passedOver({ domains: named, weights }: ComposeOptions, rows: readonly Row[], domains: readonly string[]): string[] {
  return named !== undefined || weights !== 'uniform' ? [] : tagsOf(rows).filter((tag) => !domains.includes(tag));
}

/** Tokens of a row as the model reads it. */
async function tokenCounter(modelFolder: string | undefined): Promise<(row: Row, index: number) => number> {
  if (modelFolder === undefined) throw new DatasetError({ message: 'tokens: expected the model whose tokens are counted; got none.', code: 'model-missing' });
  const tokenizer = await Tokenizer.fromFolder(modelFolder);
  const format = await conversationFormat(modelFolder);
  return (row, index) => {
    if (row.text !== undefined) return tokenizer.encode(row.text, { addSpecialTokens: true }).length;
    expectConversation(row, index);
    if (!format) throw new DatasetError({ message: `${modelFolder} has no chat template, so it reads no conversations. Give a model tuned for chat.`, code: 'no-chat-template', facts: { modelFolder } });
    const { tokenIds, sourceTokenIds = [] } = format.encodeConversation(tokenizer, row.messages.map(({ role, content }) => ({ role, content })));
    return tokenIds.length + sourceTokenIds.length;
  };
}
