import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, questions, serviceNames, stepKinds, type ServiceName } from '@tunesmith/contracts';
import { evaluatorHandlers } from '@tunesmith/evaluator-service';
import { mergerHandlers } from '@tunesmith/merger-service';
import { eventMap } from '@tunesmith/platform';
import { quantizerHandlers } from '@tunesmith/quantizer-service';
import { registryHandlers } from '@tunesmith/registry-service';
import { synthesisHandlers } from '@tunesmith/synthesis-service';
import { trainerHandlers } from '@tunesmith/trainer-service';

// Every event has its owner and its handlers, and nothing hears or sends what the catalogue does not list.

const maps = {
  registry: eventMap(registryHandlers), synthesis: eventMap(synthesisHandlers), trainer: eventMap(trainerHandlers), merger: eventMap(mergerHandlers), evaluator: eventMap(evaluatorHandlers),
  quantizer: eventMap(quantizerHandlers),
} satisfies Record<ServiceName, unknown>;

const subjects = [...catalogue, ...questions].map(({ subject }) => subject);
const hearersOf = (subject: string): string[] => serviceNames.flatMap((service) => maps[service].filter(({ hears }) => hears.includes(subject)).map(({ handler }) => `${service}/${handler}`));
const sendersOf = (subject: string): string[] => serviceNames.flatMap((service) => maps[service].filter(({ emits }) => emits.includes(subject)).map(() => service));

/** Heard and sent by the job runner and the telemetry of libs/platform, in every service. */
const ofPlatform = { hears: ['job.cancel-requested.v1'], sends: ['job.progressed.v1', 'job.cancel-requested.v1', 'telemetry.spans-finished.v1'] };

test('no subject stands twice in the catalogue', () => {
  expect(new Set(subjects).size).toBe(subjects.length);
});

test.each(catalogue.map((event) => [event.subject, event] as const))('%s has somebody who sends it and somebody who hears it', (subject, { kind, owner }) => {
  const [hearers, senders] = [hearersOf(subject), sendersOf(subject)];
  if (!ofPlatform.hears.includes(subject)) expect(hearers).not.toEqual([]);
  if (!ofPlatform.sends.includes(subject)) expect(senders).not.toEqual([]);
  if (kind === 'request') expect(hearers).toEqual([expect.stringMatching(`^${owner}/`)]);
  if (kind === 'fact') expect(new Set(senders)).toEqual(new Set([owner]));
});

test.each(questions.map((question) => [question.subject, question] as const))('%s has one handler that answers it, at its owner', (subject, { owner }) => {
  expect(hearersOf(subject)).toEqual([expect.stringMatching(`^${owner}/`)]);
  expect(maps[owner].filter(({ question }) => question === subject)).toHaveLength(1);
});

test('handlers hear and send only what the catalogue lists', () => {
  const used = Object.values(maps).flat().flatMap(({ hears, emits }) => [...hears, ...emits]);
  expect(used.filter((subject) => !subjects.includes(subject))).toEqual([]);
});

test('every step kind with a job has its handler at its owner', () => {
  for (const { name, owner, events } of stepKinds) expect(maps[owner].filter(({ job }) => job === name).length).toBe(events ? 1 : 0);
});

test('the file of a handler is named after the event that wakes it', () => {
  const kebab = (name: string): string => name.replace(/Handler$/, '').replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
  for (const service of serviceNames) {
    for (const { handler, hears } of maps[service]) {
      const file = kebab(handler);
      expect(existsSync(join(import.meta.dirname, '../../services', service, 'src', `${file}.handler.ts`))).toBe(true);
      // advance-run hears many events; start-run is what an arrival does. The area may be left out.
      if (['advance-run', 'start-run'].includes(file)) continue;
      expect(hears.map((subject) => subject.replace(/\.v\d+$/, '').replaceAll('.', '-'))).toEqual([expect.stringMatching(`(^|-)${file}$`)]);
    }
  }
});
