import { ArtifactEntity } from './artifacts/artifact.entity.js';
import { LineageEdgeEntity } from './artifacts/lineage-edge.entity.js';
import { HandedInGradesEntity } from './assessments/handed-in-grades.entity.js';
import { DatasetVersionEntity } from './datasets/dataset-version.entity.js';
import { AddHandedInGrades1764288000000 } from './migrations/add-handed-in-grades.migration.js';
import { AddMayFail1764273600000 } from './migrations/add-may-fail.migration.js';
import { CreateRegistry1763700000000 } from './migrations/create-registry.migration.js';
import { AliasChangeEntity } from './models/alias-change.entity.js';
import { ModelAliasEntity } from './models/model-alias.entity.js';
import { ModelVersionEntity } from './models/model-version.entity.js';
import { RecipeEntity } from './recipes/recipe.entity.js';
import { RunStepEntity } from './runs/run-step.entity.js';
import { RunEntity } from './runs/run.entity.js';
import { StepResultEntity } from './runs/step-result.entity.js';
import { StoppingJobEntity } from './runs/stopping-job.entity.js';
import { SpanEntity } from './traces/span.entity.js';
import { UploadEntity } from './uploads/upload.entity.js';

/** The tables that the registry owns. */
export const entities = [
  AliasChangeEntity, ArtifactEntity, DatasetVersionEntity, HandedInGradesEntity, LineageEdgeEntity, ModelAliasEntity, ModelVersionEntity, RecipeEntity, RunEntity, RunStepEntity, SpanEntity, StepResultEntity,
  StoppingJobEntity, UploadEntity,
];

export const migrations = [CreateRegistry1763700000000, AddMayFail1764273600000, AddHandedInGrades1764288000000];
