import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { createContext, Script, type Context } from 'node:vm';
import { ChatTemplateError } from './errors.js';

/** Chat templates come with models from anywhere. These bounds are far above what published templates need. */
export interface TemplateLimits {
  /** Characters of any text that the template makes. */
  readonly characters: number;
  /** Items of any list that it makes. */
  readonly items: number;
  /** Parts of the template evaluated, loops counted each time. */
  readonly steps: number;
  readonly milliseconds: number;
}

export const templateLimits: TemplateLimits = { characters: 4_000_000, items: 200_000, steps: 5_000_000, milliseconds: 10_000 };

/** A parsed template. */
export interface Program {
  readonly type: string;
}

// The package's declarations do not resolve under Node's module rules; this is the part of them that is used.
interface TemplateEnvironment {
  /** Turns a JavaScript value into one of the library's and returns it. */
  set(name: string, value: unknown): TemplateValue;
}
/** A value inside of a template; `type` is the name of its class, such as StringValue. */
interface TemplateValue {
  readonly type: string;
  readonly value: unknown;
}
interface TemplateInterpreter {
  run(program: Program): TemplateValue;
  evaluate(statement: unknown, environment: TemplateEnvironment): TemplateValue;
}
const LibraryEnvironment: new () => TemplateEnvironment = Environment;
const LibraryInterpreter: new (environment: TemplateEnvironment) => TemplateInterpreter = Interpreter;

/** Parses as transformers does, where blocks swallow the line break after them and the blanks before them. */
export function parseTemplate(source: string): Program {
  try {
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch (cause) {
    throw new ChatTemplateError({ code: 'chat-template-bad-syntax', message: `The chat template cannot be parsed: ${messageOf(cause)}.`, facts: {}, cause });
  }
}

/**
 * Runs parsed templates one after another in one environment, and returns the text of the last. `now` is what `strftime_now` formats.
 * Throws ChatTemplateError: `chat-template-limit` beyond a limit, `chat-template-refused` where the template itself raises,
 * `chat-template-failed` for everything else.
 */
export function renderBounded(programs: readonly Program[], variables: Readonly<Record<string, unknown>>, now: Date, limits: TemplateLimits = templateLimits): string {
  try {
    return runWithin(limits.milliseconds, () => {
      const environment = new LibraryEnvironment();
      const globals = { ...constants, range: boundedRange(limits.items), strftime_now: (format: string) => formatTime(now, format), raise_exception: refuse };
      for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
      const interpreter = new BoundedInterpreter(environment, limits);
      let text = '';
      for (const program of programs) text = String(interpreter.run(program).value);
      return text;
    });
  } catch (cause) {
    if (cause instanceof ChatTemplateError) throw cause;
    throw new ChatTemplateError({ code: 'chat-template-failed', message: `The chat template failed: ${messageOf(cause)}.`, facts: {}, cause });
  }
}

/** Names that every template knows. */
const constants = { true: true, True: true, false: false, False: false, none: null, None: null };

/** The library's interpreter within limits. */
class BoundedInterpreter extends LibraryInterpreter {
  private steps = 0;

  constructor(
    environment: TemplateEnvironment,
    private readonly limits: TemplateLimits,
  ) {
    super(environment);
  }

  override evaluate(statement: unknown, environment: TemplateEnvironment): TemplateValue {
    this.steps += 1;
    if (this.steps > this.limits.steps) throw exceeded('steps', this.limits.steps);
    const value = super.evaluate(statement, environment);
    if (typeof value.value === 'string' && value.value.length > this.limits.characters) throw exceeded('characters', this.limits.characters);
    if (Array.isArray(value.value) && value.value.length > this.limits.items) throw exceeded('items', this.limits.items);
    return value;
  }
}

function refuse(reason: unknown): never {
  throw new ChatTemplateError({ code: 'chat-template-refused', message: `The chat template refuses the conversation: ${String(reason)}`, facts: { reason: String(reason) } });
}

function exceeded(what: keyof TemplateLimits, limit: number): ChatTemplateError {
  return new ChatTemplateError({
    code: 'chat-template-limit',
    message: `The chat template exceeds ${limit} ${what}. Published templates stay far below: it is damaged or made to do harm.`,
    facts: { what, limit },
  });
}

/** Python's `range` as a list of at most so many items. */
function boundedRange(items: number) {
  return (first: number, second?: number, step = 1): number[] => {
    const [start, end] = second === undefined ? [0, first] : [first, second];
    const count = Math.max(0, Math.ceil((end - start) / step));
    if (!Number.isFinite(count)) throw new Error('range() needs finite numbers and a step that is not zero');
    if (count > items) throw exceeded('items', items);
    return Array.from({ length: count }, (_, i) => start + i * step);
  };
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** Python's strftime for the letters that templates use, in English and local time. */
function formatTime(time: Date, format: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const parts: Record<string, string> = {
    Y: String(time.getFullYear()),
    m: two(time.getMonth() + 1),
    d: two(time.getDate()),
    H: two(time.getHours()),
    M: two(time.getMinutes()),
    S: two(time.getSeconds()),
    B: months[time.getMonth()]!,
    b: months[time.getMonth()]!.slice(0, 3),
    A: days[time.getDay()]!,
    a: days[time.getDay()]!.slice(0, 3),
    '%': '%',
  };
  return format.replace(/%([A-Za-z%])/g, (whole, letter: string) => parts[letter] ?? whole);
}

/**
 * Encodes several conversations under one watchdog, which costs more than a short conversation itself. Together they may take what one may, and an
 * eighth of that for each: texts are tokenized meanwhile.
 */
export function watchTemplates<Result>(conversations: number, work: () => Result): Result {
  return runWithin(templateLimits.milliseconds * (1 + conversations / 8), work);
}

let runner: { script: Script; context: Context; slot: { work: () => unknown } } | undefined;
let watching = false;

/**
 * Runs `work` and stops it after `milliseconds`, even inside a library's loop: the engine's own watchdog ends it. Starting the watchdog
 * costs more than rendering a short conversation, so work inside of watched work shares its time.
 */
export function runWithin<Result>(milliseconds: number, work: () => Result): Result {
  if (watching) return work();
  if (!runner) {
    const slot: { work: () => unknown } = { work: () => undefined };
    runner = { script: new Script('slot.work()'), context: createContext({ slot }), slot };
  }
  let result: { value: Result } | undefined;
  runner.slot.work = () => {
    result = { value: work() };
  };
  watching = true;
  try {
    runner.script.runInContext(runner.context, { timeout: milliseconds });
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw exceeded('milliseconds', milliseconds);
    throw error;
  } finally {
    watching = false;
    runner.slot.work = () => undefined;
  }
  if (!result) throw new Error('the template did not finish');
  return result.value;
}

function messageOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : String(cause);
}
