import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { flagOf, number } from '../options.js';
import { resolveReference } from '../runs/references.js';
import type { Setting, StepSettings } from '../runs/step-settings.js';
import { addAddressOptions, addressKeys, addressSetting, isAddress, type AddressOptions } from '../runs/teacher-settings.js';
import type { Session } from '../session.js';

/** Who judges answers, as typed. */
export interface JudgeOptions extends AddressOptions {
  readonly judge?: string;
  readonly judgeModel?: string;
  readonly judgeKeyVariable?: string;
  readonly judgeTokens?: number;
  readonly judgeReference?: true;
}

/** Options that only a judge behind an address has. */
const addressedKeys = ['judgeModel', 'judgeKeyVariable', ...addressKeys] as const;

export function addJudgeOptions(command: Command): void {
  command
    .optionsGroup('Answers that are judged (--task judge:TAG, judge-pairs:TAG):')
    .option('--judge <MODEL|https://...>', 'a model of the registry, or the address of an OpenAI-compatible server up to /chat/completions')
    .option('--judge-reference', 'show the judge the answers of the rows as right ones')
    .option('--judge-tokens <count>', 'longest reply of the judge (default: 512)', number)
    .option('--judge-model <name>', 'address: what the server calls the judge')
    .option('--judge-key-variable <NAME_API_KEY>', "address: the platform's environment variable that holds the key");
  addAddressOptions(command);
}

/** The settings of the judge; `judged`: whether a task has its answers judged. */
export function judgeSettings(options: JudgeOptions, judged: boolean): Record<string, Setting> {
  const { judge, judgeTokens, judgeReference } = options;
  const given = addressedKeys.filter((key) => options[key] !== undefined).map(flagOf);
  if (judged && judge === undefined) throw new UsageError('--judge: expected who judges the answers; got none', ['--judge qwen@prod', '--judge https://api.openai.com/v1 --judge-model gpt-4o-mini --judge-key-variable OPENAI_API_KEY']);
  if (!judged && (judge !== undefined || judgeTokens !== undefined || judgeReference !== undefined || given.length > 0)) throw new UsageError('--judge and its options: expected a task whose answers are judged; got none', ['--dataset questions --task mt=judge:mt-bench', '--task wins=judge-pairs:mt-bench']);
  const isElsewhere = judge !== undefined && isAddress(judge);
  if (!isElsewhere && given.length > 0) throw new UsageError(`${given.join(', ')}: expected an address as --judge; got ${judge}`, ['--judge https://api.openai.com/v1']);
  if (isElsewhere && options.judgeModel === undefined) throw new UsageError('--judge-model: expected what the server calls the judge; got none', ['--judge-model gpt-4o-mini']);
  if (options.spendingCap !== undefined && options.prices === undefined) throw new UsageError('--spending-cap: expected --prices, which say what a reply costs', ['--prices 0.15:0.6']);
  return {
    judgeNewTokens: { option: '--judge-tokens', value: judgeTokens },
    ...(isElsewhere && { judgeAddress: addressSetting('--judge', judge, options.judgeModel, options.judgeKeyVariable, options) }),
  };
}

/** The judge as the platform finds it; one behind an address is a setting. */
export async function judgeReference(session: Session, { judge }: JudgeOptions): Promise<StepSettings> {
  return judge === undefined || isAddress(judge) ? {} : { judge: await resolveReference(session, judge, '--judge') };
}
