// Before each spec file: frees what the files before it in the same process have forgotten, so that a collection in the
// middle of a test does not change the number of live tensors that the test counts.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
runInNewContext('gc')();
