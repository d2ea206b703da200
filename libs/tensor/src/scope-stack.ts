/** What a scope can own. */
export interface Owned {
  dispose(): void;
}

interface Frame {
  readonly owned: Set<Owned>;
  readonly outer: Frame | undefined;
}

let current: Frame | undefined;

/** Hands a new tensor to the innermost open scope, if there is one. */
export function own(tensor: Owned): void {
  current?.owned.add(tensor);
}

/** Takes a tensor out of whichever open scope owns it. */
export function disown(tensor: Owned): void {
  for (let frame = current; frame; frame = frame.outer) if (frame.owned.delete(tensor)) return;
}

export function openFrame(): void {
  current = { owned: new Set(), outer: current };
}

/** Ends the innermost scope: survivors go to the scope around it, the rest is disposed. */
export function closeFrame(survives: (tensor: Owned) => boolean): void {
  const frame = current;
  if (!frame) return;
  current = frame.outer;
  for (const tensor of frame.owned) {
    if (survives(tensor)) frame.outer?.owned.add(tensor);
    else tensor.dispose();
  }
}
