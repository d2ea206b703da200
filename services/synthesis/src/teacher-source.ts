import type { ArtifactRef, TeacherAddress } from '@tunesmith/contracts';
import type { TeacherSource } from '@tunesmith/generation';
import { onlyFileIn } from './only-file-in.js';

/** Where a specification says that a teacher, or a judge, is. */
export interface TeacherPlace {
  readonly model: ArtifactRef | undefined;
  readonly file: ArtifactRef | undefined;
  readonly address: TeacherAddress | undefined;
}

/** The teacher at a place, whose files stand in these folders; undefined where the place names none. */
export async function teacherSource({ model, file, address }: TeacherPlace, folders: { readonly model?: string | undefined; readonly file?: string | undefined }, dtype: 'float32' | 'bfloat16'): Promise<TeacherSource | undefined> {
  if (address) return { kind: 'address', address };
  if (model && folders.model !== undefined) return { kind: 'model', folder: folders.model, name: nameOf(model), dtype };
  if (file && folders.file !== undefined) return { kind: 'gguf', file: await onlyFileIn(folders.file, 'GGUF file as the teacher', '.gguf'), name: nameOf(file) };
  return undefined;
}

/** Names move; the digest of what answered does not. */
function nameOf({ digest }: ArtifactRef): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
