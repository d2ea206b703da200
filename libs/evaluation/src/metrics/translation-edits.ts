/** Limits of Tercom: how many words are moved together at most, how far, and how many moves are tried for a text. */
const longestMove = 10;
const farthestMove = 50;
const mostMoves = 1000;
/** Places beside the diagonal that are looked at. */
const beam = 25;

type Edit = 'same' | 'replace' | 'insert' | 'delete';

/**
 * The fewest edits (insertions, deletions, replacements, and moves of several words at once) that make the right words of what was said, by the heuristics of Tercom
 * (Snover et al. 2006) as sacrebleu has them.
 */
export function countEdits(said: readonly string[], right: readonly string[]): number {
  if (right.length === 0) return said.length;
  let words = said;
  let moves = 0;
  for (let tried = 0; ; moves += 1) {
    const best = bestMove(words, right, tried);
    tried = best.tried;
    if (tried >= mostMoves || best.gain <= 0) break;
    words = best.words;
  }
  return moves + editDistance(words, right).cost;
}

interface Move {
  readonly gain: number;
  readonly length: number;
  readonly start: number;
  readonly target: number;
  readonly words: readonly string[];
}

/** The move that saves most edits: of equally good ones the longest, then the earliest, then the one that goes to the earliest place. */
function bestMove(said: readonly string[], right: readonly string[], triedBefore: number): { gain: number; words: readonly string[]; tried: number } {
  const before = editDistance(said, right);
  const { place, rightWrong, saidWrong } = alignment(before.edits);
  let tried = triedBefore;
  let best: Move | undefined;
  for (const [start, at, length] of sharedRuns(said, right)) {
    if (!saidWrong.slice(start, start + length).includes(true) || !rightWrong.slice(at, at + length).includes(true)) continue;
    const aligned = place[at]!;
    if (start <= aligned && aligned < start + length) continue;
    let last = -1;
    for (let offset = -1; offset < length; offset += 1) {
      const target = at + offset === -1 ? 0 : place[at + offset] === undefined ? undefined : place[at + offset]! + 1;
      if (target === undefined) break;
      if (target === last) continue;
      last = target;
      const words = moved(said, start, length, target);
      const move = { gain: before.cost - editDistance(words, right).cost, length, start, target, words };
      tried += 1;
      if (best === undefined || isBetter(move, best)) best = move;
    }
    if (tried >= mostMoves) break;
  }
  return best === undefined ? { gain: 0, words: said, tried } : { gain: best.gain, words: best.words, tried };
}

function isBetter(one: Move, other: Move): boolean {
  if (one.gain !== other.gain) return one.gain > other.gain;
  if (one.length !== other.length) return one.length > other.length;
  return one.start !== other.start ? one.start < other.start : one.target < other.target;
}

/** Without the words from `start` on, which stand before the word that was at `target`. */
function moved(words: readonly string[], start: number, length: number, target: number): string[] {
  const [run, end] = [words.slice(start, start + length), start + length];
  if (target < start) return [...words.slice(0, target), ...run, ...words.slice(target, start), ...words.slice(end)];
  if (target > end) return [...words.slice(0, start), ...words.slice(end, target), ...run, ...words.slice(target)];
  return [...words.slice(0, start), ...words.slice(end, length + target), ...run, ...words.slice(length + target)];
}

/** Runs of words that both have, not too far from each other: where they start, and every length. */
function* sharedRuns(said: readonly string[], right: readonly string[]): Generator<[start: number, at: number, length: number]> {
  for (let start = 0; start < said.length; start += 1) {
    for (let at = Math.max(0, start - farthestMove); at < Math.min(right.length, start + farthestMove + 1); at += 1) {
      for (let length = 1; length <= longestMove && said[start + length - 1] === right[at + length - 1]; length += 1) {
        yield [start, at, length];
        if (start + length === said.length || at + length === right.length) break;
      }
    }
  }
}

/** For each right word the place of the word that stands for it, and which words on both sides are wrong. */
function alignment(edits: readonly Edit[]): { place: number[]; rightWrong: boolean[]; saidWrong: boolean[] } {
  const [place, rightWrong, saidWrong]: [number[], boolean[], boolean[]] = [[], [], []];
  for (const edit of edits) {
    if (edit !== 'insert') saidWrong.push(edit !== 'same');
    if (edit === 'delete') continue;
    place.push(saidWrong.length - 1);
    rightWrong.push(edit !== 'same');
  }
  return { place, rightWrong, saidWrong };
}

const ways: readonly Edit[] = ['same', 'replace', 'delete', 'insert'];

/** Edits that make `right` of `said`, in their order, near the diagonal of the table alone. */
function editDistance(said: readonly string[], right: readonly string[]): { cost: number; edits: Edit[] } {
  const width = right.length + 1;
  const costs = new Float64Array((said.length + 1) * width).fill(Infinity);
  const chosen = new Uint8Array(costs.length);
  for (let j = 0; j < width; j += 1) [costs[j], chosen[j]] = [j, 3];
  const ratio = said.length === 0 ? 1 : right.length / said.length;
  const reach = beam < ratio / 2 ? Math.ceil(ratio / 2 + beam) : beam;
  for (let i = 1; i <= said.length; i += 1) {
    const diagonal = Math.floor(i * ratio);
    const end = i === said.length ? width : Math.min(width, diagonal + reach);
    for (let j = Math.max(0, diagonal - reach); j < end; j += 1) {
      const [here, above] = [i * width + j, (i - 1) * width + j];
      const same = j > 0 && said[i - 1] === right[j - 1];
      // Of equally cheap ones the first.
      const offers = [[j > 0 ? costs[above - 1]! + (same ? 0 : 1) : Infinity, same ? 0 : 1], [costs[above]! + 1, 2], [j > 0 ? costs[here - 1]! + 1 : Infinity, 3]] as const;
      for (const [cost, way] of offers) if (cost < costs[here]!) [costs[here], chosen[here]] = [cost, way];
    }
  }
  const edits: Edit[] = [];
  for (let [i, j] = [said.length, right.length]; i > 0 || j > 0; ) {
    const edit = ways[chosen[i * width + j]!]!;
    edits.push(edit);
    if (edit !== 'insert') i -= 1;
    if (edit !== 'delete') j -= 1;
  }
  return { cost: costs[costs.length - 1]!, edits: edits.reverse() };
}
