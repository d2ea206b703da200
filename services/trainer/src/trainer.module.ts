import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { CompareDomainsRequestedHandler } from './compare-domains-requested.handler.js';
import { TrainRequestedHandler } from './train-requested.handler.js';

export const trainerHandlers = [TrainRequestedHandler, CompareDomainsRequestedHandler];

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
