import { isList, isRecord, readJsonValue, type CallRecord, type CallValue, type FunctionCall } from './call-value.js';
import { NoCalls, readPythonCalls } from './python-calls.js';

/** What a model's answer calls. */
export interface ParsedCalls {
  readonly calls: readonly FunctionCall[];
  /** Why the answer could not be read as calls. */
  readonly problem?: string;
}

/**
 * The calls in an answer, in any of the forms that models are trained to write:
 *
 *     <tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>     Hermes and Qwen; several in a row
 *     Action: f                                                       ReAct; several in a row
 *     Action Input: {"a": 1}
 *     {"name": "f", "arguments": {"a": 1}}                            one or a list; also "parameters", OpenAI's "function" and
 *                                                                     "tool_calls", and {"f": {"a": 1}}
 *     [f(a=1), g.h(b="x")]                                            Python
 *
 * Texts around the first two are passed over; the others may stand in a fenced block, and are the whole answer.
 */
export function parseCalls(text: string): ParsedCalls {
  try {
    return { calls: callsOf(text) };
  } catch (error) {
    // What nests without end ends the reader's stack.
    if (error instanceof RangeError) return { calls: [], problem: 'it nests too deep' };
    if (!(error instanceof NoCalls)) throw error;
    return { calls: [], problem: error.message };
  }
}

function callsOf(text: string): FunctionCall[] {
  const tagged = [...text.matchAll(/<tool_call>([^]*?)(?:<\/tool_call>|(?=<tool_call>)|$)/g)].map(([, inside]) => inside!);
  if (tagged.length > 0) return tagged.flatMap((inside) => callsOfJson(readJson(inside, 'the tool call')));
  // As ms-swift reads them: an action goes with the next input.
  const actions = [...text.matchAll(/Action:[^\S\n]*([^\n]*?)\s*Action Input:([^]*?)(?=\n\s*(?:Action|Observation|Thought|Final Answer):|$)/gi)];
  if (actions.length > 0) return actions.map(([, name, input]) => ({ name: name!.trim(), arguments: argumentsOf(readJson(unfenced(input!), `the input of ${name!.trim()}`)) }));
  const whole = unfenced(text);
  if (whole === '') throw new NoCalls('the answer is empty');
  if (/^[[{]/.test(whole)) {
    const value = attempt(whole);
    if (value !== undefined) return callsOfJson(value);
    if (whole.startsWith('{')) throw new NoCalls('the answer begins as JSON and is none');
  }
  // Models leave the brackets out, or one of them.
  return readPythonCalls(`${whole.startsWith('[') ? '' : '['}${whole}${whole.endsWith(']') ? '' : ']'}`);
}

/** The inside of a fenced block that is the whole text, without blanks and stray marks around it. */
function unfenced(text: string): string {
  return (/^\s*```[\w+-]*\s*\n([^]*?)```\s*$/.exec(text)?.[1] ?? text).replace(/^[`\s]+|[`\s]+$/g, '');
}

function attempt(text: string): CallValue | undefined {
  try {
    return readJsonValue(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readJson(text: string, what: string): CallValue {
  const value = attempt(text.trim());
  if (value === undefined) throw new NoCalls(`${what} is no JSON: ${text.trim().slice(0, 80)}`);
  return value;
}

function callsOfJson(value: CallValue): FunctionCall[] {
  if (isList(value)) return value.flatMap(callsOfJson);
  if (!isRecord(value)) throw new NoCalls('expected an object with the name and the arguments of a function');
  if (value['tool_calls'] !== undefined) return callsOfJson(value['tool_calls']);
  const { function: inner = null, name } = value;
  if (inner !== null && isRecord(inner)) return callsOfJson(inner);
  if (typeof name === 'string') return [{ name, arguments: argumentsOf(value['arguments'] ?? value['parameters'] ?? {}) }];
  const [entry, ...others] = Object.entries(value);
  if (entry && others.length === 0 && isRecord(entry[1]) && !['arguments', 'parameters'].includes(entry[0])) return [{ name: entry[0], arguments: entry[1] }];
  throw new NoCalls(`expected "name" and "arguments"; got an object with ${Object.keys(value).join(', ') || 'nothing'}`);
}

/** Arguments may be JSON inside a text. */
function argumentsOf(value: CallValue): CallRecord {
  const own = typeof value === 'string' ? (value.trim() === '' ? {} : readJson(value, 'the arguments')) : value;
  if (!isRecord(own)) throw new NoCalls('expected an object with arguments by their names');
  return own;
}
