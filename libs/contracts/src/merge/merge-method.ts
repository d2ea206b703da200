import { knownName } from '../known-name.js';
import { mergeMethodNames } from './merge-method-names.js';

/** The name of a merge method; `-` and `_` are the same. */
export const MergeMethod = knownName('a merge method', mergeMethodNames, (given, name) => given.replaceAll('-', '_') === name.replaceAll('-', '_'));
