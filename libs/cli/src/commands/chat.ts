import type { ChatMessage } from '@tunesmith/contracts';
import { Option } from 'commander';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { defineCommand } from '../command.js';
import { InterruptedError, UsageError } from '../errors.js';
import { number } from '../options.js';
import { targetStep } from '../serve/served-name.js';
import { runJob } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';

interface Options {
  readonly adapter?: string;
  readonly prompt?: string;
  readonly system?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxNewTokens?: number;
  readonly seed?: number;
  readonly dtype?: string;
  readonly format?: string;
}

interface ChatAnswer {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly run: string;
}

export const chat = defineCommand<[model: string], Options>({
  configure(command) {
    command
      .argument('<model>', 'a registered reference or a path: a model, a GGUF file, an ONNX folder, a packed folder')
      .option('--format <format>', 'ask what it was quantized to, such as gguf/q8_0, onnx/int4 or hf/gptq-int4')
      .option('--adapter <adapter>', 'a LoRA adapter of the model, beside its weights or a GGUF file: a registered reference or a PEFT folder')
      .option('--prompt <text>', 'ask this once; without it, a conversation on a terminal, else standard input is the prompt')
      .option('--system <text>', 'the system message')
      .option('--temperature <number>', '0 is greedy (default: 0)', number)
      .option('--top-p <number>', 'sample from the likeliest tokens with this much probability (default: 1)', number)
      .option('--max-new-tokens <count>', 'longest answer (default: 256)', number)
      .option('--seed <number>', 'for sampling (default: 1)', number)
      .addOption(new Option('--dtype <dtype>', 'what the weights are computed in (default: "bfloat16")').choices(['bfloat16', 'float32']))
      .addHelpText('after', '\nExample: tunesmith chat smollm2@prod --prompt "Who are you?"');
  },

  async run({ arguments: [model], options }, session) {
    const settings = await stepSettings('chat', {
      temperature: { option: '--temperature', value: options.temperature },
      topP: { option: '--top-p', value: options.topP },
      maxNewTokens: { option: '--max-new-tokens', value: options.maxNewTokens },
      seed: { option: '--seed', value: options.seed },
      dtype: { option: '--dtype', value: options.dtype },
    });
    const start: ChatMessage[] = options.system === undefined ? [] : [{ role: 'system', content: options.system }];
    const once = options.prompt ?? (process.stdin.isTTY ? undefined : (await text(process.stdin)).trim());
    if (once === '') throw new UsageError('--prompt: expected a text to ask; got nothing', ['tunesmith chat MODEL --prompt "Who are you?"']);
    const references = await targetStep(session, model, options);
    const ask = (messages: readonly ChatMessage[]): Promise<ChatAnswer> => askModel(session, { ...settings, ...references }, messages);
    if (once !== undefined) {
      const answer = await ask([...start, { role: 'user', content: once }]);
      return { document: answer, lines: [answer.text] };
    }
    const messages = await converse(session, model, start, ask);
    return { document: { messages }, lines: [] };
  },
});

/** One answer is one run, so that it is traced and can be cancelled like any other work. */
async function askModel(session: Session, settings: StepSettings, messages: readonly ChatMessage[]): Promise<ChatAnswer> {
  const { run, step } = await runJob(session, { name: 'chat', uses: 'chat', with: { ...settings, messages: messages.map((message) => ({ ...message })) } }, { quiet: true });
  const { text: answer, tokenIds } = step.metrics;
  if (typeof answer !== 'string' || !Array.isArray(tokenIds)) throw new Error(`expected the metrics text and tokenIds of a chat; got ${Object.keys(step.metrics).join(', ') || 'none'}`);
  return { text: answer, tokenIds: tokenIds as number[], run: run.id };
}

async function converse(session: Session, model: string, start: readonly ChatMessage[], ask: (messages: readonly ChatMessage[]) => Promise<ChatAnswer>): Promise<readonly ChatMessage[]> {
  const { terminal } = session;
  terminal.note(`${model}: an empty line or Ctrl-D ends the conversation, /new begins another, Ctrl-C stops an answer`);
  const history: string[] = [];
  let messages = [...start];
  for (;;) {
    const line = await readQuestion(terminal.paintNote('bold', '> '), history);
    if (line === undefined || line === '') return messages;
    if (line === '/new') {
      messages = [...start];
      continue;
    }
    const question: ChatMessage = { role: 'user', content: line };
    try {
      const answer = await ask([...messages, question]);
      messages = [...messages, question, { role: 'assistant', content: answer.text }];
      if (!session.json) terminal.print(answer.text);
      else terminal.note(answer.text);
    } catch (error) {
      // Ctrl-C stops this answer, not the conversation.
      if (!(error instanceof InterruptedError)) throw error;
      session.interrupts.forget();
    }
  }
}

/** One line from the terminal; undefined at its end. The terminal is given back between questions, so that Ctrl-C works while the model answers. */
function readQuestion(prompt: string, history: string[]): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, history: [...history], historySize: 1000 });
  return new Promise((resolve, reject) => {
    lines.on('SIGINT', () => {
      reject(new InterruptedError('the conversation was left'));
      lines.close();
    });
    lines.on('close', () => resolve(undefined));
    lines.question(prompt, (line) => {
      if (line !== '') history.unshift(line);
      resolve(line.trim());
      lines.close();
    });
  });
}
