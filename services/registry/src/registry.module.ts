import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { PlatformConfig, PlatformModule } from '@tunesmith/platform';
import { AdvanceRunHandler } from './advance-run.handler.js';
import { Assessments } from './assessments/assessments.js';
import { AccessToken } from './http/access-token.js';
import { ArtifactsController } from './http/artifacts.controller.js';
import { AssessmentsController } from './http/assessments.controller.js';
import { DatasetsController } from './http/datasets.controller.js';
import { HealthController } from './http/health.controller.js';
import { ModelsController } from './http/models.controller.js';
import { RecipesController } from './http/recipes.controller.js';
import { RunsController } from './http/runs.controller.js';
import { UploadsController } from './http/uploads.controller.js';
import { OpenAiController } from './openai/openai.controller.js';
import { JobProgressedHandler } from './job-progressed.handler.js';
import { ModelImportRequestedHandler } from './model-import-requested.handler.js';
import { entities, migrations } from './registry.entities.js';
import { ContentDigests } from './runs/content-digest.js';
import { JobStopper } from './runs/job-stopper.js';
import { Ledgers } from './runs/ledgers.js';
import { Reconciler } from './runs/reconciler.js';
import { RunControl } from './runs/run-control.js';
import { RunStarter } from './runs/run-starter.js';
import { RunStream } from './runs/run-stream.js';
import { RunSurroundings } from './runs/run-surroundings.js';
import { RunWatchers } from './runs/run-watchers.js';
import { TelemetrySpansFinishedHandler } from './telemetry-spans-finished.handler.js';
import { StartRunHandler } from './start-run.handler.js';
import { Uploads } from './uploads/uploads.js';

export const registryHandlers = [AdvanceRunHandler, JobProgressedHandler, ModelImportRequestedHandler, TelemetrySpansFinishedHandler, StartRunHandler];

const accessToken = { provide: AccessToken, inject: [PlatformConfig], useFactory: ({ tokenFile, home }: PlatformConfig) => AccessToken.fromFile(tokenFile ?? join(home, 'token')) };

@Module({
  imports: [
    PlatformModule.forService({
      service: 'registry',
      entities,
      migrations,
      workerModule: new URL('./worker.js', import.meta.url),
      handlers: registryHandlers,
      providers: [accessToken, Assessments, ContentDigests, JobStopper, Ledgers, Reconciler, RunControl, RunStarter, RunStream, RunSurroundings, RunWatchers, Uploads],
    }),
  ],
  controllers: [ArtifactsController, AssessmentsController, DatasetsController, HealthController, ModelsController, OpenAiController, RecipesController, RunsController, UploadsController],
})
export class RegistryModule {}
