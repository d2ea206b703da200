import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { ChatRequestedHandler } from './chat-requested.handler.js';
import { CompareRequestedHandler } from './compare-requested.handler.js';
import { EvaluateRequestedHandler } from './evaluate-requested.handler.js';
import { RespondAskedHandler } from './respond-asked.handler.js';
import { ScoreRequestedHandler } from './score-requested.handler.js';
import { TasksImportRequestedHandler } from './tasks-import-requested.handler.js';

export const evaluatorHandlers = [ChatRequestedHandler, CompareRequestedHandler, EvaluateRequestedHandler, RespondAskedHandler, ScoreRequestedHandler, TasksImportRequestedHandler];

@Module({
  imports: [
    PlatformModule.forService({
      service: 'evaluator',
      workerModule: new URL('./worker.js', import.meta.url),
      handlers: evaluatorHandlers,
    }),
  ],
})
export class EvaluatorModule {}
