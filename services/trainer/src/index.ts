export { TrainerModule, trainerHandlers } from './trainer.module.js';
