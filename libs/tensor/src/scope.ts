import { TensorError } from './errors.js';
import { library } from './library.js';
import { closeFrame, disown, openFrame, type Owned } from './scope-stack.js';
import { Tensor } from './tensor.js';

/**
 * Runs `body` and disposes every tensor made inside, except those reachable in its result (through arrays, sets, maps and the own
 * properties of objects; not through private fields) and those given to `keep`. Scopes nest: what survives belongs to the scope
 * around. Also when `body` throws. Synchronous: a body that returns a promise is refused with `scope-async`, because the tensors of
 * others that run meanwhile would be caught.
 */
export function scope<T>(body: () => T): T {
  openFrame();
  let survivors: ReadonlySet<Owned> = new Set();
  try {
    const result = body();
    if (isThenable(result)) {
      throw new TensorError({ message: 'scope: expected a synchronous function, got one that returns a promise; put the scopes inside it', code: 'scope-async' });
    }
    survivors = tensorsIn(result);
    return result;
  } finally {
    closeFrame((tensor) => survivors.has(tensor));
  }
}

/** Takes a tensor out of every open scope: from now on it lives until its owner disposes it. */
export function keep<T extends Tensor>(tensor: T): T {
  disown(tensor);
  return tensor;
}

/** Runs `body` without recording history: nothing made inside can be differentiated. Synchronous, as `scope`. */
export function noGrad<T>(body: () => T): T {
  const before = library().setGradEnabled(false);
  try {
    const result = body();
    if (isThenable(result)) {
      throw new TensorError({ message: 'noGrad: expected a synchronous function, got one that returns a promise', code: 'scope-async' });
    }
    return result;
  } finally {
    library().setGradEnabled(before);
  }
}

/** Tensors that are alive in this process: not disposed, and not yet collected. For tests and leak hunts. */
export function liveTensors(): number {
  return library().liveTensors();
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function tensorsIn(result: unknown): Set<Owned> {
  const found = new Set<Owned>();
  const seen = new Set<object>();
  const waiting: unknown[] = [result];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Tensor) found.add(value);
    else if (ArrayBuffer.isView(value)) continue;
    else if (Array.isArray(value) || value instanceof Set) waiting.push(...value);
    else if (value instanceof Map) for (const [key, entry] of value) waiting.push(key, entry);
    else waiting.push(...Object.values(value));
  }
  return found;
}
