// What specs get as `fast-check`: property tests try the same cases every time, and others where TUNESMITH_TEST_SEED says which.
import fc from '../../node_modules/fast-check/lib/fast-check.js';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['TUNESMITH_TEST_SEED'] ?? 1) });

export default fc;
