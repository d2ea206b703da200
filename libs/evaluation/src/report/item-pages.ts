import { escapeXml, shorten } from '@tunesmith/pictures';
import type { ItemScore, PlannedItem } from '../planned-task.js';
import type { TaskResult } from './evaluation-results.js';

/** Items that are opened together: what is closed costs a browser next to nothing. */
const itemsOnAPage = 100;
/** Examples before every question are shown once from this many characters on. */
const worthSharing = 200;

/** Every item of a task as HTML, in pages that are closed: what was asked, the choices, how likely the model found each, what it said, what is right, and what that scored. */
export function itemPages({ task, scores, against }: TaskResult): string {
  const { items } = task;
  const shared = sharedBeginning(items.map(({ prompt }) => prompt));
  const pages = Array.from({ length: Math.ceil(items.length / itemsOnAPage) }, (_, page) => items.slice(page * itemsOnAPage, (page + 1) * itemsOnAPage));
  const beginning = shared === '' ? [] : [fold('What stands before every question', [text(shared)])];
  return [
    ...beginning,
    ...pages.map((page, number) => {
      const first = number * itemsOnAPage;
      const shown = page.map((item, place) => itemView(item, shared, scores[first + place]!, against?.[first + place]));
      return fold(`Items ${first + 1} to ${first + page.length}`, shown);
    }),
  ].join('\n');
}

function itemView(item: PlannedItem, shared: string, score: ItemScore, against: ItemScore | undefined): string {
  const { index, domain, prompt, choices, target } = item;
  const asked = prompt.slice(shared.length);
  const summary = [`#${index + 1}`, ...Object.entries(score.metrics).map(([name, value]) => `${name} ${figure(value)}`), ...(domain === undefined ? [] : [domain]), shorten(asked.trim().replace(/\s+/g, ' '), 100)].join(' · ');
  const parts: (readonly [string, string])[] = [
    ['Prompt', text(shared === '' ? asked : `…${asked}`)],
    ...(choices ? [['Choices', choiceTable(choices, target, score, against)] as const] : []),
    ...answerParts('', score, choices),
    ...(against ? answerParts(' (against)', against, choices) : []),
    ['Target', text(shownValue(target))],
  ];
  return fold(summary, [`<dl>${parts.map(([title, body]) => `<dt>${escapeXml(title)}</dt><dd>${body}</dd>`).join('')}</dl>`]);
}

function answerParts(whose: string, { prediction, logProbs, metrics, notes = {} }: ItemScore, choices: readonly string[] | undefined): (readonly [string, string])[] {
  return [
    ...(prediction === null ? [] : [[`Answer${whose}`, text(shownValue(prediction))] as const]),
    ...(choices || logProbs.length === 0 ? [] : [[`Log-probabilities${whose}`, text(logProbs.map(figure).join(' '))] as const]),
    [`Metrics${whose}`, text(Object.entries(metrics).map(([name, value]) => `${name} ${figure(value)}`).join('\n'))],
    ...Object.entries(notes).map(([name, note]) => [`${name}${whose}`, text(shownValue(note))] as const),
  ];
}

/** A line for each choice; what is right and what the model finds likeliest is said in words, not by colour. */
function choiceTable(choices: readonly string[], target: unknown, { logProbs, prediction }: ItemScore, against: ItemScore | undefined): string {
  const right = [target].flat();
  const rows = choices.map((choice, place) => {
    const notes = [...(right.includes(place) ? ['right'] : []), ...(prediction === place ? ['likeliest'] : [])].join(', ');
    const others = against ? `<td class="number">${shownNumber(against.logProbs[place])}</td>` : '';
    return `<tr><td class="number">${place}</td><th scope="row">${escapeXml(choice)}</th><td class="number">${shownNumber(logProbs[place])}</td>${others}<td>${notes}</td></tr>`;
  });
  return `<div class="wide"><table><thead><tr><td></td><th scope="col">choice</th><th scope="col">log-probability</th>${against ? '<th scope="col">against</th>' : ''}<td></td></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function fold(summary: string, body: readonly string[]): string {
  return `<details><summary>${escapeXml(summary)}</summary>\n${body.join('\n')}\n</details>`;
}

function text(value: string): string {
  return `<pre>${escapeXml(value)}</pre>`;
}

function shownValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 1);
}

function shownNumber(value: number | undefined): string {
  return value === undefined ? '' : figure(value);
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}

/** What all prompts begin with, up to the end of a line; empty where that is short. */
function sharedBeginning(prompts: readonly string[]): string {
  const [first = '', ...others] = prompts;
  if (others.length === 0) return '';
  let end = first.length;
  for (const prompt of others) {
    end = Math.min(end, prompt.length);
    for (let place = 0; place < end; place += 1) if (prompt.charCodeAt(place) !== first.charCodeAt(place)) end = place;
  }
  const line = first.lastIndexOf('\n', end - 1) + 1;
  return line >= worthSharing ? first.slice(0, line) : '';
}
