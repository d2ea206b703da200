import { escapeXml } from '@tunesmith/pictures';
import type { AssessmentForm } from './assessment-form.js';

const meanings = {
  A: 'valid and satisfying',
  B: 'acceptable, with small faults',
  C: 'on the subject, with serious faults',
  D: 'invalid',
};

/**
 * The form as one file that needs no network and no server: grades stay in the browser until the rater downloads them. Where a platform serves it, the page
 * that became it has left `servedForm`, where they can be handed in and with what key. The four grades are LaMini-LM's (2304.14402, section 5.2).
 */
export function assessmentPage({ id, title, items }: AssessmentForm): string {
  const grades = Object.entries(meanings);
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeXml(title)}</title>`,
    '<style>',
    ':root { color-scheme: light dark; scroll-padding-bottom: 6rem; }',
    'body { font: 16px/1.5 sans-serif; max-width: 52rem; margin: 2rem auto 6rem; padding: 0 1rem; color: #1f2328; background: #fff; }',
    'article { border: 1px solid #d8dee4; border-radius: 6px; padding: 1rem; margin: 1rem 0; } article.graded { border-color: #1a7f37; }',
    'pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0.25rem 0 1rem; } h2 { font-size: 1rem; margin: 0; color: #59636e; }',
    'article.graded h2:first-child::after { content: " (graded)"; } label { display: block; } footer label { display: inline; } footer { position: fixed; bottom: 0; left: 0; right: 0; padding: 0.75rem 1rem; background: #f6f8fa; border-top: 1px solid #d8dee4; }',
    '@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } h2 { color: #9198a1; } article { border-color: #30363d; } article.graded { border-color: #3fb950; } footer { background: #161b22; border-color: #30363d; } }',
    '</style></head><body><main>',
    `<h1>${escapeXml(title)}</h1>`,
    `<p>Grade each of the ${items.length} answers by itself. What you choose stays in this browser until you hand it in.</p>`,
    '<noscript><p>This page needs JavaScript: it keeps your grades and hands them in.</p></noscript>',
    `<ul>${grades.map(([grade, meaning]) => `<li><b>${grade}</b>: ${meaning}</li>`).join('')}</ul>`,
    ...items.map((item, place) =>
      [
        `<article data-item="${item.id}"><h2>${place + 1}. Instruction</h2><pre>${escapeXml(item.instruction)}</pre><h2>Answer</h2><pre>${escapeXml(item.response)}</pre>`,
        `<fieldset><legend>Grade of answer ${place + 1}</legend>${grades.map(([grade, meaning]) => `<label><input type="radio" name="${item.id}" value="${grade}"> ${grade}: ${meaning}</label>`).join('')}</fieldset></article>`,
      ].join('\n'),
    ),
    '</main>',
    '<footer><label>Your name <input id="rater" type="text" autocomplete="off"></label> <span id="count" role="status"></span> <button id="hand-in" type="button" hidden>Hand in</button> <button id="download" type="button">Download grades</button> <span id="answer" role="status"></span></footer>',
    `<script>${script(id, items.length)}</script>`,
    '</body></html>',
    '',
  ].join('\n');
}

/** The form's own script: keeps grades, counts them, and hands them in or writes the file that is. */
function script(form: string, total: number): string {
  return `
'use strict';
const key = ${JSON.stringify(`tunesmith-assessment-${form}`)};
// Browsers that keep nothing for this page throw: grades then last as long as it is open.
function kept() { try { return localStorage.getItem(key); } catch { return null; } }
const saved = JSON.parse(kept() || '{"rater":"","grades":{}}');
const rater = document.getElementById('rater');
rater.value = saved.rater;
function show() {
  const done = Object.keys(saved.grades).length;
  document.getElementById('count').textContent = done + ' of ${total} graded';
  for (const article of document.querySelectorAll('article')) article.classList.toggle('graded', article.dataset.item in saved.grades);
}
function save() { saved.rater = rater.value.trim(); try { localStorage.setItem(key, JSON.stringify(saved)); } catch { say('This browser keeps nothing for this page: hand in, or download your grades, before you close it.'); } show(); }
for (const input of document.querySelectorAll('input[type=radio]')) {
  input.checked = saved.grades[input.name] === input.value;
  input.addEventListener('change', () => { saved.grades[input.name] = input.value; save(); });
}
rater.addEventListener('input', save);
function say(text) { document.getElementById('answer').textContent = text; }
function named() { if (!saved.rater) { rater.focus(); say('Expected your name; the field is empty.'); } return saved.rater !== ''; }
document.getElementById('download').addEventListener('click', () => {
  if (!named()) return;
  const text = JSON.stringify({ form: ${JSON.stringify(form)}, rater: saved.rater, grades: saved.grades }, null, 2);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = 'grades-' + saved.rater.replace(/[^A-Za-z0-9_-]+/g, '-') + '.json';
  link.click();
});
const served = globalThis.servedForm;
if (served) {
  const button = document.getElementById('hand-in');
  button.hidden = false;
  button.addEventListener('click', async () => {
    if (!named()) return;
    if (!saved.browser) saved.browser = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    save();
    button.disabled = true;
    say('');
    try {
      const answer = await fetch(served.grades, {
        method: 'PUT', headers: { authorization: 'Bearer ' + served.key, 'content-type': 'application/json' },
        body: JSON.stringify({ form: ${JSON.stringify(form)}, rater: saved.rater, browser: saved.browser, grades: saved.grades }),
      });
      const told = await answer.json();
      say(answer.ok ? 'Handed in: ' + told.graded + ' of ${total} grades, thank you. You may change them and hand in again.' : told.detail);
    } catch (error) { say('The platform does not answer: ' + error.message + '. Try again, or download your grades.'); }
    button.disabled = false;
  });
}
show();
`;
}
