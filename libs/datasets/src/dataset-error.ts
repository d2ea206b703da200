import { TunesmithError } from '@tunesmith/tensor';

/** A dataset that cannot be used as it is. The message says which row and why; `facts` carries the same as data. */
export class DatasetError extends TunesmithError {}
