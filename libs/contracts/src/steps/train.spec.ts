import { mediaTypes, type ArtifactKind } from '../artifact-ref.js';
import { TrainSpec } from './train.js';

const ref = (kind: ArtifactKind) => ({ digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: mediaTypes[kind] });
const spec = (schedule: object, domains: object = {}, others: object = {}) => ({ model: ref('model'), dataset: ref('dataset'), evaluateEvery: 2, domains: { schedule, ...domains }, ...others });
const expansion = { kind: 'expansion', target: 'law' };

test.each([
  ['fostering', { kind: 'fostering' }],
  ['expansion', expansion],
  ['expansion by the exponential update, whose growth goes by the potential all the same', { ...expansion, update: 'exponential' }],
])('%s needs references: against the untuned model a domain that learns has no potential', (_name, schedule) => {
  const { error } = TrainSpec.safeParse(spec(schedule));
  expect(error?.issues).toEqual([expect.objectContaining({ path: ['domains', 'schedule'], message: expect.stringContaining('expected reference losses beside it') })]);
  expect(TrainSpec.safeParse(spec(schedule, { referenceLosses: { law: 1 } })).success).toBe(true);
  expect(TrainSpec.safeParse(spec(schedule, {}, { referenceReports: [ref('report')] })).success).toBe(true);
  expect(TrainSpec.safeParse(spec(schedule, {}, { referenceModel: ref('model') })).success).toBe(true);
});

test.each([[{ kind: 'fixed' }], [{ kind: 'fostering', update: 'exponential' }]])('%j does without', (schedule) => {
  expect(TrainSpec.safeParse(spec(schedule)).success).toBe(true);
});
