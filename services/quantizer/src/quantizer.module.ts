import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { QuantizeRequestedHandler } from './quantize-requested.handler.js';

export const quantizerHandlers = [QuantizeRequestedHandler];

@Module({
  imports: [
    PlatformModule.forService({
      service: 'quantizer',
      workerModule: new URL('./worker.js', import.meta.url),
      handlers: quantizerHandlers,
    }),
  ],
})
export class QuantizerModule {}
