import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { AgreeRequestedHandler } from './agree-requested.handler.js';
import { FuseRequestedHandler } from './fuse-requested.handler.js';
import { MergeRequestedHandler } from './merge-requested.handler.js';
import { RepresentRequestedHandler } from './represent-requested.handler.js';

export const mergerHandlers = [RepresentRequestedHandler, FuseRequestedHandler, AgreeRequestedHandler, MergeRequestedHandler];

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
