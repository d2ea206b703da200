import { parsePythonLiteral } from '@tunesmith/datasets';
import { Float, fromPlain, pythonText, TaskTemplate, TaskTemplateError } from '@tunesmith/tokenizers';
import type { Document } from '../definitions/documents.js';
import { EvaluationError } from '../evaluation-error.js';
import type { TaskConfig } from './task-config.js';

type TextSetting = string | number | null | undefined;
type TargetSetting = TextSetting | readonly string[];
type ChoiceSetting = TaskConfig['doc_to_choice'];

/** What is read of a document in place of what the task says, such as for examples. */
export interface Overrides {
  readonly doc_to_text?: TextSetting;
  readonly doc_to_target?: TargetSetting;
  readonly doc_to_choice?: ChoiceSetting;
}

/**
 * What a task reads of its documents: `doc_to_text` and the like are the name of a field, else a template over the fields.
 * Every error names the task, the document and the setting.
 */
export class DocumentReader {
  readonly #templates = new Map<string, TaskTemplate>();

  /** `features`: the fields that documents have. */
  constructor(
    private readonly config: TaskConfig,
    private readonly features: ReadonlySet<string>,
  ) {}

  /** The question, or the place of the right choice where choices are whole contexts. */
  text(document: Document, index: number, own?: TextSetting): string | number {
    const setting = own ?? this.config.doc_to_text ?? '';
    if (typeof setting === 'number') return setting;
    const value = this.features.has(setting) ? document[setting] : this.render('doc_to_text', setting, document, index);
    // A field may hold the place as a number; a template writes it in digits.
    if (typeof value === 'number') return value;
    if (typeof value === 'string') return this.config.doc_to_choice != null && !this.features.has(setting) && isDigits(value) ? Number(value) : value;
    throw this.problem('doc_to_text', index, `expected a text; the field "${setting}" is ${describe(value)}`);
  }

  target(document: Document, index: number, own?: TargetSetting): string | number | readonly unknown[] {
    const setting = own ?? this.config.doc_to_target ?? '';
    if (typeof setting === 'number') return setting;
    if (typeof setting !== 'string') return setting;
    if (this.features.has(setting)) {
      const value = document[setting];
      if (typeof value === 'string' || typeof value === 'number' || Array.isArray(value)) return value as string | number | unknown[];
      if (value instanceof Float) return this.config.doc_to_choice == null ? pythonText(value) : value.value;
      if (typeof value === 'boolean') return this.config.doc_to_choice == null ? (value ? 'True' : 'False') : Number(value);
      throw this.problem('doc_to_target', index, `expected a text, a number or a list; the field "${setting}" is ${describe(value)}`);
    }
    const text = this.render('doc_to_target', setting, document, index);
    if (this.config.doc_to_choice != null && isDigits(text)) return Number(text);
    if (text.startsWith('[') && text.endsWith(']')) {
      const list = parsePythonLiteral(text);
      if (Array.isArray(list)) return list as unknown[];
    }
    return text;
  }

  choices(document: Document, index: number, own?: ChoiceSetting): string[] {
    const setting = own ?? this.config.doc_to_choice ?? [];
    if (Array.isArray(setting)) return setting;
    if (typeof setting !== 'string') return Object.values(setting);
    const value = this.features.has(setting) ? document[setting] : this.listOf('doc_to_choice', setting, document, index);
    if (!Array.isArray(value)) throw this.problem('doc_to_choice', index, `expected a list of choices; got ${describe(value)}`);
    if (value.length === 0) throw this.problem('doc_to_choice', index, 'expected choices; the list is empty');
    return value.map((choice: unknown) => {
      if (typeof choice === 'string') return choice;
      throw this.problem('doc_to_choice', index, `expected choices that are texts; one is ${describe(choice)}`);
    });
  }

  /** A setting that is the name of a field or a template; undefined where it is not given. */
  field(name: string, setting: string | null | undefined, document: Document, index: number): string | undefined {
    if (setting == null || setting === '') return undefined;
    if (!this.features.has(setting)) return this.render(name, setting, document, index);
    const value = document[setting];
    return value === null ? undefined : writtenAsPython(value);
  }

  render(name: string, template: string, document: Document, index: number): string {
    return this.attempt(name, index, () => this.template(name, template).render(document));
  }

  /** The value of a template that is one expression. */
  value(name: string, template: string, document: Document, index: number): unknown {
    return this.attempt(name, index, () => this.template(name, template).value(document));
  }

  problem(name: string, index: number, reason: string, cause?: unknown): EvaluationError {
    const { task } = this.config;
    return new EvaluationError({ message: `The task "${task}", document ${index + 1}, ${name}: ${reason}.`, code: 'task-document-invalid', facts: { task, document: index + 1, field: name }, cause });
  }

  private listOf(name: string, template: string, document: Document, index: number): unknown {
    const value = this.value(name, template, document, index);
    return typeof value === 'string' ? parsePythonLiteral(value) : value;
  }

  private template(name: string, source: string): TaskTemplate {
    const known = this.#templates.get(source);
    if (known) return known;
    try {
      const template = new TaskTemplate(source);
      this.#templates.set(source, template);
      return template;
    } catch (cause) {
      if (!(cause instanceof TaskTemplateError)) throw cause;
      throw new EvaluationError({ message: `The task "${this.config.task}", ${name}: ${cause.message}.`, code: 'task-template-syntax', facts: { task: this.config.task, field: name }, cause });
    }
  }

  private attempt<Result>(name: string, index: number, work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      if (!(cause instanceof TaskTemplateError)) throw cause;
      throw this.problem(name, index, `${cause.message}; the document has the fields ${[...this.features].join(', ')}`, cause);
    }
  }
}

/** As Python's `str` writes a value of a document. */
export function writtenAsPython(value: unknown): string {
  return pythonText(fromPlain(value));
}

/** A value of a document in which every number is one of JavaScript's. */
export function plainNumbers(value: unknown): unknown {
  return typeof value === 'object' ? (JSON.parse(JSON.stringify(value)) as unknown) : value;
}

function isDigits(text: string): boolean {
  return /^\p{Nd}+$/u.test(text);
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : value === null ? 'empty' : JSON.stringify(value).slice(0, 60);
}
