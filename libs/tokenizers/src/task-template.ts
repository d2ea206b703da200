import { runWithin, templateLimits, type TemplateLimits } from './bounded-jinja.js';
import { ChatTemplateError, TaskTemplateError } from './errors.js';
import { Interpreter } from './jinja/interpreter.js';
import { parse, type Statement } from './jinja/parser.js';
import { fromPlain, toPlain } from './jinja/values.js';

/**
 * A Jinja template over the fields of a document, as evaluation tasks have them: rendered like Jinja2 in Python with `StrictUndefined`,
 * `keep_trailing_newline` and the filter `regex_replace`. A field that there is none of is an error, not an empty text.
 */
export class TaskTemplate {
  private readonly body: readonly Statement[];

  /** @throws TaskTemplateError `task-template-syntax` */
  constructor(
    readonly source: string,
    private readonly limits: TemplateLimits = templateLimits,
  ) {
    try {
      this.body = parse(source);
    } catch (cause) {
      throw new TaskTemplateError({ code: 'task-template-syntax', message: `the template ${shown(source)} cannot be parsed: ${(cause as Error).message}`, facts: { template: source }, cause });
    }
  }

  /** @throws TaskTemplateError `task-template-failed`, with the reason. */
  render(fields: Readonly<Record<string, unknown>>): string {
    return this.run(fields, (interpreter) => interpreter.render(this.body));
  }

  /** What the template stands for: of a single `{{ expression }}` its value (a list stays a list), else the text. @throws as `render`. */
  value(fields: Readonly<Record<string, unknown>>): unknown {
    const [only, ...others] = this.body;
    if (only?.type !== 'output' || others.length > 0) return this.render(fields);
    return this.run(fields, (interpreter) => toPlain(interpreter.value(only.value)));
  }

  private run<Result>(fields: Readonly<Record<string, unknown>>, work: (interpreter: Interpreter) => Result): Result {
    try {
      return runWithin(this.limits.milliseconds, () => work(new Interpreter(new Map(Object.entries(fields).map(([name, value]) => [name, fromPlain(value)])), this.limits)));
    } catch (cause) {
      throw new TaskTemplateError({ code: 'task-template-failed', message: `the template ${shown(this.source)} cannot be rendered: ${reasonOf(cause)}`, facts: { template: this.source }, cause });
    }
  }
}

function shown(source: string): string {
  return JSON.stringify(source.length > 80 ? `${source.slice(0, 77)}…` : source);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof ChatTemplateError && cause.code === 'chat-template-limit') return `it exceeds ${String(cause.facts['limit'])} ${String(cause.facts['what'])}`;
  return cause instanceof Error ? cause.message : String(cause);
}
