import { defineCommand } from '../command.js';
import { addressLines, servedForm } from '../synthesis/rater-address.js';
import { table } from '../terminal/table.js';

export const assessServe = defineCommand<[form: string], object>({
  configure(command) {
    command
      .argument('<form>', 'the form, sha256:…, as `assess form` printed it')
      .addHelpText('after', '\nThe platform serves every form while it runs. The address holds a key of this form alone: whoever has it can read the form and hand in grades, and do nothing else.\nA new token of the platform makes a new key. Read what was handed in: tunesmith assess read FORM');
  },

  async run({ arguments: [form] }, session) {
    const served = await servedForm(session, form);
    const { title, items, raters } = served;
    return {
      document: { form, ...served },
      lines: [
        `${title}: ${items} answers`, ...addressLines(served),
        ...(raters.length === 0 ? ['nobody has handed in yet'] : table(['RATER', 'GRADED', 'HANDED IN'], raters.map(({ rater, graded, handedInAt }) => [rater, `${graded} of ${items}`, handedInAt]), ['GRADED'])),
        `read what they hand in: tunesmith assess read ${form}`,
      ],
    };
  },
});
