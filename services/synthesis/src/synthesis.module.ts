import { Module } from '@nestjs/common';
import { PlatformModule } from '@tunesmith/platform';
import { AssessRequestedHandler } from './assess-requested.handler.js';
import { ComposeRequestedHandler } from './compose-requested.handler.js';
import { DatasetDiffRequestedHandler } from './dataset-diff-requested.handler.js';
import { DatasetImportRequestedHandler } from './dataset-import-requested.handler.js';
import { DatasetReportRequestedHandler } from './dataset-report-requested.handler.js';
import { DetectRequestedHandler } from './detect-requested.handler.js';
import { FilesImportRequestedHandler } from './files-import-requested.handler.js';
import { SynthesizeRequestedHandler } from './synthesize-requested.handler.js';

export const synthesisHandlers = [AssessRequestedHandler, DatasetImportRequestedHandler, DatasetReportRequestedHandler, DatasetDiffRequestedHandler, FilesImportRequestedHandler, SynthesizeRequestedHandler, ComposeRequestedHandler, DetectRequestedHandler];

@Module({
  imports: [
    PlatformModule.forService({
      service: 'synthesis',
      workerModule: new URL('./worker.js', import.meta.url),
      handlers: synthesisHandlers,
    }),
  ],
})
export class SynthesisModule {}
