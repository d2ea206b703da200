import { Tokenizer } from '@tunesmith/tokenizers';
import { TrainingError } from './training-error.js';

/** Whether another model reads tokens as the one that is trained does; `role` names it. @throws TrainingError `other-vocabulary`. */
export async function expectSameVocabulary({ tokenizer: own, modelFolder }: { readonly tokenizer: Tokenizer; readonly modelFolder: string }, folder: string, role: 'teacher' | 'reference'): Promise<void> {
  const other = await Tokenizer.fromFolder(folder);
  const size = Math.min(own.vocabularySize, other.vocabularySize);
  const differs = Array.from({ length: size }, (_, id) => id).find((id) => textOf(own, id) !== textOf(other, id));
  if (differs === undefined) return;
  const instead = role === 'teacher' ? ' Fuse models of different vocabularies instead.' : '';
  throw new TrainingError('other-vocabulary', `train: expected a ${role} of the same vocabulary; token ${differs} is ${JSON.stringify(textOf(own, differs))} to the model that is trained and ${JSON.stringify(textOf(other, differs))} to the ${role}.${instead}`, { modelFolder, [`${role}Folder`]: folder, tokenId: differs });
}

/** Ids between the tokens that a vocabulary has are nobody's. */
function textOf(tokenizer: Tokenizer, id: number): string | undefined {
  return tokenizer.hasToken(id) ? tokenizer.tokenText(id) : undefined;
}
