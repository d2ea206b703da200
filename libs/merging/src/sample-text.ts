/** A small text for those who give none: prose, a list, code and numbers, so that a broken vocabulary or layer shows. */
export const sampleTexts: readonly string[] = [
  'The old harbour lay quiet in the morning. Two fishermen were mending their nets, and a dog slept beside them in the sun. By noon the wind had turned, and the boats came back one after another, heavy with their catch. Children ran along the wall to count them, and somebody rang the bell.',
  'To make a simple bread you need four things: flour, water, salt and yeast. Mix 500 grams of flour with 350 millilitres of warm water, add a spoon of salt and a little yeast, and knead the dough for ten minutes. Let it rise until it has doubled, shape it, and bake it for 40 minutes at 220 degrees.',
  'def mean(values):\n    """The arithmetic mean of a list of numbers."""\n    if not values:\n        raise ValueError("expected at least one number")\n    return sum(values) / len(values)\n',
  'Question: A train leaves at 9:15 and arrives at 11:45. How long is the journey?\nAnswer: From 9:15 to 11:15 are two hours, and from 11:15 to 11:45 are 30 minutes, so the journey takes two hours and a half.',
];
