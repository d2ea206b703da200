import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeGguf } from '@tunesmith/checkpoints';
import { exportGguf, ggufFileType, openSourceModel } from '@tunesmith/quantization';
import { liveTensors, setThreads, type WorkContext } from '@tunesmith/tensor';
import { repositoryRoot, temporaryFolder, writeSpeakingModel } from '@tunesmith/tests-support';
import { alpacaPrompt, Tokenizer } from '@tunesmith/tokenizers';
import { ChatServer } from '../testing/chat-server.js';
import { describeTeacher } from '../testing/describe-teacher.js';
import { openTeacher, type TeacherSource } from './open-teacher.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const options = { signal: context.signal, spent: 0 };
const answer = 'So. Warm';

let folder: AsyncDisposable & { readonly path: string };
let server: ChatServer;
beforeAll(async () => {
  setThreads(1);
  process.env['OMP_NUM_THREADS'] = '1'; // what a worker is given: two of llama.cpp's threads wait for each other on a busy machine
  folder = await temporaryFolder('teachers');
  server = await ChatServer.start(() => answer);
  await writeSpeakingModel(join(folder.path, 'model'), answer);
  await using source = await openSourceModel(join(folder.path, 'model'));
  await exportGguf(source, ggufFileType('f32'), join(folder.path, 'model.gguf'), context);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

describeTeacher('a model folder in float32', { open: () => openTeacher({ kind: 'model', folder: join(folder.path, 'model'), name: 'speaking', dtype: 'float32' }, options), answer });
describeTeacher('a model folder in bfloat16', { open: () => openTeacher({ kind: 'model', folder: join(folder.path, 'model'), name: 'speaking', dtype: 'bfloat16' }, options), answer });
describeTeacher('a GGUF file', { open: () => openTeacher({ kind: 'gguf', file: join(folder.path, 'model.gguf'), name: 'speaking' }, options), answer });
describeTeacher('an address', { open: () => openTeacher({ kind: 'address', address: { url: server.url, model: 'm', concurrency: 2, timeoutSeconds: 120, retries: 0 } }, options), answer });

test('a limit ends an answer, and a prompt that leaves no room for one is told', async () => {
  for (const source of [{ kind: 'model', folder: join(folder.path, 'model'), name: 'm', dtype: 'float32' }, { kind: 'gguf', file: join(folder.path, 'model.gguf'), name: 'm' }] as const) {
    await using teacher = await openTeacher(source, options);
    const [cut] = await teacher.complete([{ user: 'One?', seed: 1 }], { maxNewTokens: 3, temperature: 0, topP: 1 }, context);
    expect(cut).toMatchObject({ text: 'So.', finish: 'length', newTokens: 3 });
    await expect(teacher.complete([{ user: 'word '.repeat(3000), seed: 1 }], { maxNewTokens: 3, temperature: 0, topP: 1 }, context)).rejects.toMatchObject({ code: 'teacher-prompt-too-long' });
  }
});

test('a model without a template is asked in the Alpaca wrapper', async () => {
  const path = join(folder.path, 'base');
  await writeSpeakingModel(path, answer);
  await rm(join(path, 'chat_template.jinja'));
  await writeFile(join(path, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<|im_start|>', eos_token: '<|im_end|>' }));
  await using teacher = await openTeacher({ kind: 'model', folder: path, name: 'base', dtype: 'float32' }, options);
  const tokenizer = await Tokenizer.fromFolder(path);
  const [completion] = await teacher.complete([{ system: 'Be brief.', user: 'Hello?', seed: 1 }], { maxNewTokens: 3, temperature: 0, topP: 1 }, context);
  expect(completion!.promptTokens).toBe(tokenizer.encode(alpacaPrompt('Be brief.\n\nHello?')).length);
});

test('the GGUF file of an encoder-decoder teaches as its folder does: llama.cpp would end the process', async () => {
  const original = join(repositoryRoot, 'tests/parity/fixtures/encoder-decoder');
  const file = join(folder.path, 't5.gguf');
  await using source = await openSourceModel(original);
  await exportGguf(source, ggufFileType('f32'), file, context);
  const asked = async (of: TeacherSource) => {
    await using teacher = await openTeacher(of, options);
    return await teacher.complete([{ user: 'Name the color of the sky.', seed: 1 }], { maxNewTokens: 6, temperature: 0, topP: 1 }, context);
  };
  const said = await asked({ kind: 'gguf', file, name: 't5' });
  expect(said).toEqual(await asked({ kind: 'model', folder: original, name: 't5', dtype: 'float32' }));
  expect(said[0]!.newTokens).toBeGreaterThan(0);
});

test('teachers give back what they hold; a file that is none is told', async () => {
  const before = liveTensors();
  const teacher = await openTeacher({ kind: 'model', folder: join(folder.path, 'model'), name: 'm', dtype: 'float32' }, options);
  await teacher[Symbol.asyncDispose]();
  expect(liveTensors()).toBe(before);
  const broken = join(folder.path, 'broken.gguf');
  await writeFile(broken, 'GGUF and no more');
  await expect(openTeacher({ kind: 'gguf', file: broken, name: 'm' }, options)).rejects.toMatchObject({ code: expect.stringMatching(/^gguf-/), message: expect.stringContaining('broken.gguf') });
  await writeGguf(broken, { metadata: { 'general.architecture': { type: 'string', value: 'nothing' } }, tensors: [] }, []);
  await expect(openTeacher({ kind: 'gguf', file: broken, name: 'm' }, options)).rejects.toMatchObject({ code: 'teacher-file-refused', message: expect.stringMatching(/llama\.cpp does not take the teacher m: ./) });
});
