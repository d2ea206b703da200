import { flat, type FlatTable, type FlatValue } from './flat-buffers.js';

/** The types of columns that are written and read here; lists have offsets of 64 bits, and nothing is ever null. */
export type ArrowType =
  | { readonly kind: 'int32' | 'float16' | 'float32' | 'text' }
  | { readonly kind: 'list'; readonly of: ArrowType }
  | { readonly kind: 'fixed-list'; readonly size: number; readonly of: ArrowType };

export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
}

/** Numbers of Arrow's union of types (Schema.fbs). */
const [int, floatingPoint, text, fixedList, list] = [2, 3, 5, 16, 21];
const precisions = ['float16', 'float32'] as const;

/** A field as Arrow's schema has it. */
export function fieldTable({ name, type }: ArrowField): FlatValue {
  const [kind, description, children] = described(type);
  return flat.table(flat.text(name), undefined, flat.scalar(1, kind), description, undefined, flat.vector(children.map((child) => fieldTable({ name: 'item', type: child }))));
}

function described(type: ArrowType): [kind: number, description: FlatValue, children: readonly ArrowType[]] {
  switch (type.kind) {
    case 'int32':
      return [int, flat.table(flat.scalar(4, 32), flat.scalar(1, 1)), []];
    case 'float16':
    case 'float32':
      return [floatingPoint, flat.table(flat.scalar(2, precisions.indexOf(type.kind))), []];
    case 'text':
      return [text, flat.table(), []];
    case 'list':
      return [list, flat.table(), [type.of]];
    case 'fixed-list':
      return [fixedList, flat.table(flat.scalar(4, type.size)), [type.of]];
  }
}

/** -> undefined for a type that is not among those above. */
export function readField(field: FlatTable): ArrowField | undefined {
  const type = readType(field);
  return type && { name: field.text(0) ?? '', type };
}

function readType(field: FlatTable): ArrowType | undefined {
  const description = field.table(3);
  const [child] = field.tables(5);
  const of = child && readType(child);
  if (!description || field.table(4)) return undefined;
  switch (field.number(2, 1)) {
    case int:
      return description.number(0, 4) === 32 && description.number(1, 1) === 1 ? { kind: 'int32' } : undefined;
    case floatingPoint: {
      const kind = precisions[description.number(0, 2)];
      return kind && { kind };
    }
    case text:
      return { kind: 'text' };
    case list:
      return of && { kind: 'list', of };
    case fixedList:
      return of && { kind: 'fixed-list', size: description.number(0, 4), of };
    default:
      return undefined;
  }
}
