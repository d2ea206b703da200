// What `@tunesmith/platform` is inside worker processes (condition `tunesmith-worker`): only what a worker module needs,
// so that a worker loads neither Nest nor TypeORM.
export { defineWorker, type ConversationContext, type MemoryPrediction, type PredictedMemory, type WorkContext, type WorkerFunction, type WorkerModule, type WorkerOptions } from './compute/worker-module.js';
export { jobErrorOf } from './errors/job-error-of.js';
export { PlatformError, type ErrorFacts, type PlatformErrorOptions } from './errors/platform-error.js';
