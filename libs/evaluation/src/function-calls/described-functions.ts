import { isObject } from '@tunesmith/datasets';
import type { ChatTool } from '@tunesmith/tokenizers';
import { EvaluationError } from '../evaluation-error.js';
import type { FunctionDescription } from './check-calls.js';

/** The functions of a document: a list in OpenAI's form, or bare as the leaderboard has them, or that list as JSON. @throws EvaluationError `tools-invalid` */
export function describedFunctions(tools: unknown): FunctionDescription[] {
  return listOf(tools).map((tool, place) => {
    const bare = isObject(tool) && isObject(tool['function']) ? tool['function'] : tool;
    if (!isObject(bare) || typeof bare['name'] !== 'string') throw refuse(`function ${place + 1} has no name`, tool);
    const { properties = {}, required = [] } = isObject(bare['parameters']) ? bare['parameters'] : {};
    if (!isObject(properties) || !Object.values(properties).every((each) => isObject(each) && typeof each['type'] === 'string')) throw refuse(`${bare['name']} has parameters without a type`, tool);
    return { ...bare, name: bare['name'], parameters: { properties: properties as FunctionDescription['parameters']['properties'], required: Array.isArray(required) ? required.map(String) : [] } };
  });
}

/** JSON Schema's words for those of the leaderboard. */
const schemaTypes: Readonly<Record<string, string>> = { dict: 'object', float: 'number', tuple: 'array', any: 'string' };

/** The same functions as chat templates take them: OpenAI's form, types in JSON Schema's words. @throws EvaluationError `tools-invalid` */
export function chatTools(tools: unknown): ChatTool[] {
  describedFunctions(tools);
  return listOf(tools).map((tool) => {
    const bare = (isObject(tool) && isObject(tool['function']) ? tool['function'] : tool) as ChatTool['function'];
    return { type: 'function', function: inSchemaWords(bare) as ChatTool['function'] };
  });
}

function inSchemaWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSchemaWords);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, key === 'type' && typeof own === 'string' ? (schemaTypes[own] ?? own) : inSchemaWords(own)]));
}

function listOf(tools: unknown): unknown[] {
  let list = tools;
  if (typeof tools === 'string') {
    try {
      list = JSON.parse(tools);
    } catch {
      throw refuse('the text is no JSON', tools);
    }
  }
  if (!Array.isArray(list)) throw refuse('it is no list', tools);
  return list as unknown[];
}

function refuse(reason: string, got: unknown): EvaluationError {
  return new EvaluationError({ message: `Expected a list of functions, each with a name and parameters in JSON Schema; ${reason}: ${(JSON.stringify(got) ?? 'nothing').slice(0, 200)}.`, code: 'tools-invalid' });
}
