import { join } from 'node:path';
import { defineCommand } from '../command.js';
import { InterruptedError, UsageError } from '../errors.js';
import { homeFolder } from '../installation.js';
import { number } from '../options.js';
import { servedName } from '../serve/served-name.js';
import { ServingProxy } from '../serve/serving-proxy.js';
import type { Session } from '../session.js';
import { ProgressDisplay } from '../terminal/progress-display.js';

interface Options {
  readonly port?: number;
  readonly format?: string;
  readonly adapter?: string;
}

/** More often than the platform lets go of a model that nobody asks. */
const warmMilliseconds = 60_000;

export const serve = defineCommand<[model: string], Options>({
  configure(command) {
    command
      .argument('<model>', 'a registered reference or a path: a model, a GGUF file, an ONNX folder, a packed folder')
      .option('--port <number>', 'the port on 127.0.0.1 (default: any free one)', number)
      .option('--format <format>', 'what computes it: bfloat16 (the default), float32, or what it was quantized to, such as gguf/q8_0, onnx/int4 or hf/gptq-int4')
      .option('--adapter <adapter>', 'a LoRA adapter of the model, beside its weights or a GGUF file: a registered reference or a PEFT folder')
      .addHelpText('after', '\nServes the protocol of OpenAI below /v1 until Ctrl-C, and keeps the model in memory. Clients send the token of the platform as their key.\n\nExample: tunesmith serve smollm2@prod --format gguf/q8_0 --port 8000');
  },

  async run({ arguments: [model], options }, session) {
    const { port = 0 } = options;
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`--port: expected a number from 0 to 65535; got ${port}`);
    const platform = await session.platform();
    const name = await servedName(session, model, options);
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    return session.interrupts.during(stop, async () => {
      await load(session, name);
      await using proxy = await ServingProxy.start(platform.address.url, port);
      const warm = setInterval(() => void askOnce(session, name).catch((error: Error) => session.terminal.note(`${name}: ${error.message}`)), warmMilliseconds);
      for (const line of describe(session, proxy.url, name)) session.terminal.note(line);
      await stopped;
      clearInterval(warm);
      throw new InterruptedError('the model is served no longer');
    });
  },
});

/** The first answer: from then on it is warm. */
async function load(session: Session, name: string): Promise<void> {
  const display = new ProgressDisplay(session.terminal);
  try {
    display.wait(`loading ${name}`);
    await askOnce(session, name);
  } finally {
    display.stop();
  }
}

/** One token: what keeps a model in memory is that somebody asks it. */
async function askOnce(session: Session, name: string): Promise<void> {
  const platform = await session.platform();
  await platform.call('POST /openai/v1/completions', { body: { model: name, prompt: 'a', max_tokens: 1, temperature: 0 } });
}

function describe(session: Session, url: string, name: string): string[] {
  const token = session.environment['TUNESMITH_URL'] ? '$TUNESMITH_TOKEN' : `$(cat ${join(homeFolder(session.environment), 'token')})`;
  const body = JSON.stringify({ model: name, messages: [{ role: 'user', content: 'Who are you?' }] });
  return [
    `${name} answers at ${url} until Ctrl-C`,
    `  curl ${url}/chat/completions -H "Authorization: Bearer ${token}" -H "Content-Type: application/json" -d '${body}'`,
  ];
}
