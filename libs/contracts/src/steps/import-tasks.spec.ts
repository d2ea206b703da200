import { ImportTasksSpec } from './import-tasks.js';

const refused = (settings: object) => ImportTasksSpec.safeParse(settings).error?.issues.map(({ path, message }) => [path.join('.'), message.replace(/ among .*; got /, ' … got ')]);

test('names of shipped tasks, groups and tags are known; others only where files may bring them', () => {
  expect(refused({ tasks: ['mmlu', 'lamini', 'mmlu_stem_tasks', 'mmlu_anatomy'] })).toBeUndefined();
  expect(refused({ tasks: ['mmul', 'sciq', 'nothing-like-it'] })).toEqual([
    ['tasks.0', 'expected the name of a task, group or tag, or a YAML file, … got "mmul": did you mean "mmlu"?'],
    ['tasks.2', 'expected the name of a task, group or tag, or a YAML file, … got "nothing-like-it"'],
  ]);
  expect(refused({ tasks: ['own'], include: 'folder' })).toBeUndefined();
  expect(refused({ tasks: ['group.yaml', 'own'], path: '/here' })).toBeUndefined();
  expect(refused({ tasks: ['own', 'group.yml'], path: '/here' })).toMatchObject([['tasks.0', expect.stringContaining('got "own"')]]);
});
