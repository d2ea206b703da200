export { SynthesisModule, synthesisHandlers } from './synthesis.module.js';
