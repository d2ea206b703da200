import { alpaca } from './alpaca.js';
import { instructionResponse } from './instruction-response.js';
import { messages } from './messages.js';
import { plainText } from './plain-text.js';
import { preference } from './preference.js';
import { promptCompletion } from './prompt-completion.js';
import { queryResponse } from './query-response.js';
import type { RowFormat } from './row-format.js';
import { selfInstruct } from './self-instruct.js';
import { shareGpt } from './sharegpt.js';

/** Every shape of row that an import understands. */
export const formats: readonly RowFormat[] = [messages, shareGpt, alpaca, queryResponse, instructionResponse, selfInstruct, promptCompletion, preference, plainText];
