import { openGguf } from '@tunesmith/checkpoints';
import { ggufReadsSource } from '@tunesmith/models';
import type { TeacherAddress } from './address-client.js';
import { openAddressTeacher } from './address-teacher.js';
import { openGgufTeacher } from './gguf-teacher.js';
import { openModelTeacher } from './model-teacher.js';
import type { Teacher } from './teacher.js';

/** Where a teacher is found. `name` is what rows and reports call it. */
export type TeacherSource =
  | { readonly kind: 'model'; readonly folder: string; readonly name: string; readonly dtype: 'float32' | 'bfloat16' }
  | { readonly kind: 'gguf'; readonly file: string; readonly name: string }
  | { readonly kind: 'address'; readonly address: TeacherAddress };

export interface OpenTeacherOptions {
  readonly signal: AbortSignal;
  /** What earlier attempts at the same job have paid. */
  readonly spent: number;
}

/** Makes a teacher ready to answer. @throws TeacherError, and what loading a model throws. */
export async function openTeacher(source: TeacherSource, { signal, spent }: OpenTeacherOptions): Promise<Teacher> {
  switch (source.kind) {
    case 'model': return openModelTeacher(source.folder, source.name, { dtype: source.dtype });
    // llama.cpp's Node binding runs no encoder, and an encoder-decoder without its encoder ends the process.
    case 'gguf': return (await isEncoderDecoder(source.file)) ? openModelTeacher(source.file, source.name, { dtype: 'float32' }) : openGgufTeacher(source.file, source.name, { signal });
    case 'address': return openAddressTeacher(source.address, { spent });
  }
}

async function isEncoderDecoder(file: string): Promise<boolean> {
  await using source = await openGguf(file);
  return ggufReadsSource(source);
}
