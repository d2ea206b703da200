import { isDeepStrictEqual } from 'node:util';
import { sixDomains, type DomainLabels } from './domain-labels.js';
import type { LabelledText } from './label-judge.js';

/** Texts of our own for each of the six domains: questions with answers, and prose. */
const texts: Readonly<Record<string, readonly string[]>> = {
  law: [
    'Does a clause that lets one party end the lease at any time count as a termination right?\nYes. It allows the landlord to terminate without cause after written notice.',
    'The tenant shall indemnify the owner against all claims that arise from the use of the premises, unless they were caused by the negligence of the owner.',
    'Is a witness allowed to repeat in court what a neighbour told her about the accident?\nAs a rule no: it is hearsay if it is offered to prove that what he said is true.',
    'This agreement is governed by the laws of the state, and the parties submit to the exclusive jurisdiction of its courts.',
    'The court of appeal held that the statute had been applied wrongly, set the judgment aside and sent the case back.',
    'Which remedy does a buyer have when the seller breaches the contract?\nDamages, and in some cases specific performance.',
    'Nothing in this license grants the recipient any right to assign or sublicense the software to third parties.',
    'A company may be sued in a state where it is incorporated, or where it has its principal place of business.',
    'Classify the issue of the client: the employer has not paid overtime and threatens dismissal.\nEmployment law.',
    'Whoever without permission enters a dwelling is guilty of trespass and liable to a fine.',
  ],
  medicine: [
    'What are the symptoms of pneumonia?\nFever, cough, shortness of breath and chest pain. Older patients may be confused.',
    'How is high blood pressure treated?\nWith a change of diet, exercise, and drugs such as ACE inhibitors or diuretics.',
    'The disease is inherited in an autosomal recessive pattern: both copies of the gene in each cell have mutations.',
    'The patient was admitted with acute abdominal pain; an ultrasound showed gallstones, and surgery was scheduled.',
    'Who is at risk of diabetes?\nPeople who are overweight, do not exercise, or have a family history of the condition.',
    'Common side effects of this medicine are nausea, headache and dizziness. Call your doctor if you have a rash.',
    'Vaccination against measles is recommended for all children from the age of twelve months.',
    'How many people are affected by the syndrome?\nIt is rare, and found in about one in 50,000 newborns.',
    'Chemotherapy and radiation are used to shrink the tumor before it is removed.',
    'Is there a test for the infection?\nA blood test detects antibodies some weeks after contact with the virus.',
  ],
  finance: [
    'What was the revenue of the company in 2018?\n$4,512 thousand, up from $3,980 thousand in the previous year.',
    'Net income rose by 12 % in the fiscal year, mainly due to lower interest expense and higher gross margin.',
    'What is the percentage change of total assets between 2017 and 2018?\n8.4',
    'The fair value of stock options is estimated at the date of grant by the Black-Scholes model.',
    'Deferred tax assets are recognized to the extent that it is probable that taxable profit will be available.',
    'Should I pay off my credit card or put the money into an index fund?\nPay the card first: its interest is higher than what the fund is likely to earn.',
    'The dividend per share was 0.35, and the board approved the repurchase of shares of up to 20 million.',
    'How is operating cash flow calculated?\nNet income plus depreciation, less the increase in working capital.',
    'Bond prices fall when the central bank raises interest rates, because their yields have to compete.',
    'Trade receivables are stated net of an allowance for doubtful accounts of $1.2 million at December 31.',
  ],
  science: [
    'What is the acceleration of a body of 2 kg on which a force of 10 N acts?\n5 m/s²',
    'Which particle has no electric charge?\nThe neutron.',
    'A gas is compressed at constant temperature to half its volume. What happens to its pressure?\nIt doubles.',
    'In photosynthesis plants turn carbon dioxide and water into glucose and oxygen.',
    'Which of these elements has the highest electronegativity?\nFluorine.',
    'A resistor of 10 ohms is connected to a source of 5 volts. What current flows?\n0.5 amperes',
    'During mitosis the chromosomes line up along the equator of the cell before they are pulled apart.',
    'What is the slope of the line through the points (1, 2) and (3, 8)?\n3',
    'The balanced equation of the reaction shows that two moles of hydrogen react with one mole of oxygen.',
    'Light of a shorter wavelength has photons of higher energy, by E = hf.',
  ],
  code: [
    'What does the function os.path.join do?\nIt joins one or more path components with the separator of the system.',
    'Write a Python function that reverses a list.\ndef reverse(items):\n    return items[::-1]',
    'Return the number of elements of the iterable for which the predicate is true. Raises TypeError if it is not callable.',
    'How do I undo the last commit in git?\ngit reset --soft HEAD~1',
    'const sum = (values) => values.reduce((total, value) => total + value, 0);',
    'Describe the method: class Queue, put(item, block=True, timeout=None).\nPuts an item into the queue, and waits until a slot is free.',
    'The class keeps an open socket; call close() or use a with statement, so that the file descriptor is released.',
    'SELECT name, COUNT(*) FROM orders GROUP BY name HAVING COUNT(*) > 5;',
    'Parse the arguments of the command line and return a namespace object with their values.',
    'for (int i = 0; i < n; i++) { if (a[i] > max) max = a[i]; }',
  ],
  other: [
    'Suggest a name for a new coffee shop.\nThe Early Bean.',
    'Write a short poem about autumn.\nLeaves let go, one by one, gold against a tired sun.',
    'Make this sentence sound more polite: Give me the report.\nCould you please send me the report?',
    'What should I pack for a weekend by the sea?\nSunscreen, a towel, a hat and something to read.',
    'Sort these words by the alphabet: pear, apple, cherry.\napple, cherry, pear',
    'Translate into French: Good morning, how are you?\nBonjour, comment allez-vous ?',
    'Is the tone of this review positive or negative? The food was cold and the waiter rude.\nNegative.',
    'We walked along the river until it got dark, and my brother told the story of the dog again.',
    'Give three ideas for a birthday party for a child of six.\nA treasure hunt, a puppet show, and baking cookies.',
    'Who painted the Mona Lisa?\nLeonardo da Vinci.',
  ],
};

const examples: readonly LabelledText[] = Object.entries(texts).flatMap(([domain, some]) => some.map((text) => ({ domain, text })));

/**
 * What calibrates a judge of the six domains where nobody gives examples: what it answers to texts that say nothing tells too little of where one domain ends.
 * Of other domains there are none.
 */
export function ownExamplesOf(domains: DomainLabels): readonly LabelledText[] {
  return isDeepStrictEqual(domains, sixDomains) ? examples : [];
}
