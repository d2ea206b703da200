export { MergerModule, mergerHandlers } from './merger.module.js';
