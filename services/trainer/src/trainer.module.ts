import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { TrainRequestedHandler } from './train-requested.handler.js';

export const trainerHandlers = [TrainRequestedHandler];

@Module({
  imports: [
    PlatformModule.forService({
      service: 'trainer',
      workerModule: new URL('./worker.js', import.meta.url),
      handlers: trainerHandlers,
    }),
  ],
})
export class TrainerModule {}
