import { questionOf, type ChatBehaviour, type ChatRequest } from './chat-server.js';

/** Whether a request asks for new instructions. */
export function asksForInstructions(body: ChatRequest): boolean {
  return questionOf(body).includes('Follow these rules:');
}

const things = ['rivers', 'bridges', 'violins', 'glaciers', 'bees', 'markets', 'volcanoes', 'poems', 'engines', 'orchards', 'tides', 'lanterns', 'castles', 'comets', 'mushrooms', 'harbours'];
const verbs = ['Explain how', 'Describe why', 'List three reasons why', 'Summarize how', 'Compare ways in which'];
const deeds = ['change over a century', 'matter to travellers', 'are built, kept and lost', 'appear in old songs', 'shape the towns around them'];

/** Three items whose words follow from the request's seed. */
export function itemsOf(seed: number): string[] {
  return [0, 1, 2].map((place) => `${verbs[(seed >>> 3) % 5]} ${things[(seed + place * 5) % 16]} ${deeds[(seed >>> 7) % 5]} in the year ${1000 + ((seed >>> 1) % 997) + place}.`);
}

/** A teacher that does what it is asked: items in tags, and short answers. */
export const goodTeacher: ChatBehaviour = (body) => {
  if (!asksForInstructions(body)) return `In short: ${questionOf(body).toLowerCase()}`;
  return `Here you are.\n${itemsOf(body.seed).map((item) => `<example>${item}</example>`).join('\n')}`;
};
