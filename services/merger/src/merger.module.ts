import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { MergeRequestedHandler } from './merge-requested.handler.js';

export const mergerHandlers = [MergeRequestedHandler];

@Module({
  imports: [
    PlatformModule.forService({
      service: 'merger',
      workerModule: new URL('./worker.js', import.meta.url),
      handlers: mergerHandlers,
    }),
  ],
})
export class MergerModule {}
