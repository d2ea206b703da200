import type { StepView } from '@tunesmith/contracts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleRun, sampleRunId, sampleStep } from '../testing/sample-run.js';
import { outsideCodes, whatHelps } from './what-helps.js';

const resume = `tunesmith run resume ${sampleRunId}`;
const failed = (code: string, changes: Partial<StepView> = {}) => sampleStep({ status: 'failed', error: { code, message: code, facts: {} }, ...changes });
const importing = (code: string, inputs: StepView['inputs'], uses = 'import-dataset') => failed(code, { name: 'push', uses, inputs });

test.each<[string, StepView[], string[]]>([
  ['what lies outside of the run', [failed('worker-crashed'), failed('enospc')], [resume]],
  ['a run that was cancelled', [sampleStep({ status: 'cancelled' })], [resume]],
  ['a failure that did not end it', [failed('empty-loss-mask', { mayFail: true }), failed('teacher-timeout')], [resume]],
  ['an input that is wrong', [failed('empty-loss-mask'), failed('worker-crashed')], ['start it again with what train expects; resumed, it would fail the same way']],
  ['a gate that is closed', [failed('gate-closed', { name: 'gate' }), failed('no-rows')], ['start it again with what gate, train expect; resumed, it would fail the same way']],
  ['a file that is read anew', [importing('invalid-json', { path: '/rows.jsonl' }), importing('invalid-json', { path: '/rows.jsonl' })], [`mend /rows.jsonl, then: ${resume}`]],
  ['a file that was sent', [importing('invalid-json', { path: 'upload:1', upload: {} })], ['start it again with what push expects; resumed, it would fail the same way']],
  ['a name that the hub does not have', [importing('hub-not-found', { path: 'hf:a/b' }, 'import-model')], ['start it again with what push expects; resumed, it would fail the same way']],
  ['a hub that was away', [importing('hub-unreachable', { path: 'hf:a/b' }, 'import-model')], [resume]],
  ['documents of tasks', [importing('documents-missing', { path: '/here', tasks: ['mmlu'] }, 'import-tasks')], [`mend what push reads, then: ${resume}`]],
  ['a task that there is none of', [importing('task-unknown', { path: '/here', tasks: ['x'], include: '/here' }, 'import-tasks')], ['start it again with what push expects; resumed, it would fail the same way']],
])('after %s', (_what, steps, lines) => {
  expect(whatHelps(sampleRun({ status: 'failed', steps }))).toEqual(lines);
});

test('every code after which a run may be resumed is one that something throws', () => {
  const root = join(import.meta.dirname, '../../../..');
  const folders = ['libs', 'services'].flatMap((room) => readdirSync(join(root, room)).map((project) => join(root, room, project, 'src'))).filter((folder) => !folder.endsWith('cli/src'));
  const text = folders.flatMap(sourcesBelow).map((path) => readFileSync(path, 'utf8')).join('\n');
  expect([...outsideCodes].filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter(({ name }) => name.endsWith('.ts') && !name.endsWith('.spec.ts')).map(({ parentPath, name }) => join(parentPath, name));
}
