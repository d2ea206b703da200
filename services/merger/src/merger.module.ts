import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { AgreeRequestedHandler } from './agree-requested.handler.js';
import { CompressDeltaRequestedHandler } from './compress-delta-requested.handler.js';
import { ExtractAdapterRequestedHandler } from './extract-adapter-requested.handler.js';
import { FuseRequestedHandler } from './fuse-requested.handler.js';
import { MergeAdaptersRequestedHandler } from './merge-adapters-requested.handler.js';
import { MergeRequestedHandler } from './merge-requested.handler.js';
import { RepresentRequestedHandler } from './represent-requested.handler.js';
import { RestoreDeltaRequestedHandler } from './restore-delta-requested.handler.js';

export const mergerHandlers = [RepresentRequestedHandler, FuseRequestedHandler, AgreeRequestedHandler, MergeRequestedHandler, ExtractAdapterRequestedHandler, MergeAdaptersRequestedHandler, CompressDeltaRequestedHandler, RestoreDeltaRequestedHandler];

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
