import { isObject } from './formats/messages.js';
import type { JsonObject } from './formats/row-format.js';
import { show, type Report } from './problem.js';
import type { Tool, ToolCall } from './row.js';

/** `tools` of a row: a list of functions in OpenAI's form or bare, or that list as JSON text. Undefined where it is wrong, which is reported. */
export function parseTools(value: unknown, report: Report): Tool[] | undefined {
  const list = typeof value === 'string' ? parseJson(value) : value;
  if (!Array.isArray(list)) {
    report('bad-value', `tools: expected a list of functions, or that list as JSON text; got ${show(value)}`);
    return undefined;
  }
  const tools: Tool[] = [];
  for (const [index, entry] of list.entries()) {
    const described: unknown = isObject(entry) && isObject(entry.function) ? entry.function : entry;
    if (!isObject(described) || typeof described.name !== 'string' || described.name.trim() === '' || !isWellFormed(described)) {
      report('bad-value', `tools[${index}]: expected {"type":"function","function":{"name":"…","parameters":{…}}}; got ${show(entry)}`);
    } else if (tools.some((tool) => tool.function.name === described.name)) {
      report('bad-value', `tools[${index}]: expected each tool once; got ${show(described.name)} again`);
    } else tools.push({ type: 'function', function: { ...described, name: described.name } });
  }
  return tools.length === list.length ? tools : undefined;
}

/** `tool_calls` of an assistant's message. The arguments are an object, or that object as JSON text as OpenAI sends it. */
export function parseToolCalls(value: unknown, place: string, report: Report): ToolCall[] | undefined {
  if (!Array.isArray(value) || value.length === 0) {
    report('bad-value', `${place}: tool_calls: expected a list of calls; got ${show(value)}`);
    return undefined;
  }
  const calls: ToolCall[] = [];
  for (const [index, entry] of value.entries()) {
    const called: unknown = isObject(entry) && isObject(entry.function) ? entry.function : entry;
    const given = isObject(called) ? (typeof called.arguments === 'string' ? parseJson(called.arguments || '{}') : (called.arguments ?? {})) : undefined;
    const id = isObject(entry) ? entry.id : undefined;
    if (!isObject(called) || typeof called.name !== 'string' || called.name.trim() === '' || !isObject(given) || !isWellFormed(called)) {
      report('bad-value', `${place}: tool_calls[${index}]: expected {"type":"function","function":{"name":"…","arguments":{…}}}, the arguments as an object or its JSON text; got ${show(entry)}`);
    } else if (id !== undefined && id !== null && typeof id !== 'string') report('bad-value', `${place}: tool_calls[${index}].id: expected text; got ${show(id)}`);
    else calls.push({ ...(typeof id === 'string' ? { id } : {}), name: called.name, arguments: given });
  }
  return calls.length === value.length ? calls : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isWellFormed(value: JsonObject): boolean {
  // JSON.stringify escapes a lone half of a surrogate pair; whole pairs stay as they are.
  return !/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/.test(JSON.stringify(value));
}
