import { GivenDigest, Name, QuantizationTarget } from '@tunesmith/contracts';

/** What a person may write where a model, an adapter or a dataset is expected. */
export type Reference =
  /** An artifact, by its digest or the beginning of it. */
  | { readonly kind: 'digest'; readonly digest: GivenDigest; readonly format?: QuantizationTarget }
  /** A registered name: the version that `alias` points at, the `version` given, else the latest. With `format`: what that was quantized to. */
  | { readonly kind: 'name'; readonly name: string; readonly alias?: string; readonly version?: number; readonly format?: QuantizationTarget }
  /** Something outside, which an import step brings in first: an absolute path, `hf:ORG/NAME` or `upload:ID`. */
  | { readonly kind: 'path'; readonly path: string };

const outside = /^(?:hf:|upload:|file:|[A-Za-z]:[\\/])|[\\/]/;

/**
 * Reads a reference: `sha256:…`, shortened or whole, `name`, `name@alias`, `name:version`, or a path, which is what holds a slash or one of the prefixes
 * `hf:`, `upload:` and `file:`. Behind all but a path may stand what it was quantized to, such as `#gguf/q8_0`. Returns undefined where the text is none of them.
 */
export function parseReference(text: string): Reference | undefined {
  const [, whole, format] = /^([^#/\\]+)#((?:gguf|onnx|hf)\/[\w-]+)$/.exec(text) ?? [];
  if (whole !== undefined && format !== undefined) {
    const [reference, target] = [parseReference(whole), QuantizationTarget.safeParse(format)];
    return reference && reference.kind !== 'path' && target.success ? { ...reference, format: target.data } : undefined;
  }
  if (text.startsWith('sha256:')) return GivenDigest.safeParse(text).success ? { kind: 'digest', digest: text } : undefined;
  if (text.includes('\0')) return undefined;
  if (outside.test(text)) return { kind: 'path', path: text };
  const match = /^([^@:]+)(?:@([^@:]+)|:([1-9][0-9]{0,8}))?$/.exec(text);
  if (!match) return undefined;
  const [, name, alias, version] = match;
  if (!Name.safeParse(name).success || (alias !== undefined && !Name.safeParse(alias).success)) return undefined;
  return { kind: 'name', name: name!, ...(alias === undefined ? {} : { alias }), ...(version === undefined ? {} : { version: Number(version) }) };
}
