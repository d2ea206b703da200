/**
 * What a model is asked and scored on where nobody says what: a letter, an explanation, a list, sums and code, so that no format is proved on nothing. It stands in for text of the
 * user's own and decides nothing: it is short, and no one's task.
 */
export const usualText = `The ferry to the island leaves at seven in the morning, when the fog still lies on the water. Anna had packed the night before: two sweaters, a map, bread and cheese for the way, and the letter that her grandfather had written to the lighthouse keeper thirty years ago. "You will find him in the garden," the captain said. "He never goes far from his bees."

Plants make sugar from water, carbon dioxide and light. Water rises from the roots to the leaves, where chlorophyll takes up red and blue light and reflects green, which is why leaves look the way they do. Oxygen is left over and goes into the air. At night the plant burns some of the sugar, as animals do.

Things to bring along:
1. A warm jacket, because the wind is strong even in June.
2. Good shoes.
3. Enough water for the whole day.

Question: A train leaves at 9:40 and arrives at 12:05. How long does the journey take?
Answer: From 9:40 to 12:00 it is 2 hours and 20 minutes; with 5 minutes more the journey takes 2 hours and 25 minutes.

def mean(numbers):
    """The average of a list that is not empty."""
    total = 0
    for number in numbers:
        total += number
    return total / len(numbers)

print(mean([2, 4, 9]))  # 5.0

Dear Mr. Brown, thank you for your order of March 3. We are sorry to tell you that the blue lamp is sold out until the end of the month. You can wait for it, choose the green one at the same price, or have your money back. Please let us know what you prefer. Kind regards, the customer service.
`;

/** For an encoder-decoder: of each paragraph what it begins with, to be read, and the rest, to be written. */
export function usualPairs(): [source: string, target: string][] {
  return usualText.trim().split('\n\n').flatMap((paragraph): [string, string][] => {
    // The first sentence, or line that opens something; abbreviations are shorter.
    const [, source, target] = /^(.{16,}?[.?!:])\s+(.+)$/s.exec(paragraph) ?? [];
    return source === undefined || target === undefined ? [] : [[source, target]];
  });
}

/** For a model with a chat template, or an encoder and a decoder; another continues the beginning of the text. */
export const usualQuestion = 'What is the capital of France, and what is it known for?';
export const usualBeginning = usualText.slice(0, usualText.indexOf('.') + 1);

/** Of weights on disk: what is larger is not computed in float32 beside what it is written as, unless rows are given. */
export const largestUnasked = 4 * 2 ** 30;
