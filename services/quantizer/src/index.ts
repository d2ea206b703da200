export { QuantizerModule, quantizerHandlers } from './quantizer.module.js';
