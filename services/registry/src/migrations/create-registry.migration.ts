import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the registry. Only types and syntax that SQLite and PostgreSQL share; times are ISO 8601 texts in UTC, which sort as they are. */
export class CreateRegistry1763700000000 implements MigrationInterface {
  readonly name = 'CreateRegistry1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.query(`DROP TABLE "${table}"`);
  }
}

const tables = ['uploads', 'spans', 'recipes', 'dataset_versions', 'alias_changes', 'model_aliases', 'model_versions', 'lineage_edges', 'artifacts', 'step_results', 'stopping_jobs', 'run_steps', 'runs'];

const statements = [
  `CREATE TABLE "runs" (
    "id" text PRIMARY KEY, "project" text NOT NULL, "recipe" text NOT NULL, "recipeVersion" integer, "status" text NOT NULL, "event" text NOT NULL,
    "traceId" text NOT NULL, "spanId" text NOT NULL, "causedBy" text, "createdAt" text NOT NULL, "finishedAt" text)`,
  `CREATE INDEX "runs_by_project" ON "runs" ("project", "createdAt")`,
  `CREATE INDEX "runs_by_status" ON "runs" ("status", "createdAt")`,

  `CREATE TABLE "run_steps" (
    "runId" text NOT NULL REFERENCES "runs" ("id"), "name" text NOT NULL, "project" text NOT NULL, "position" integer NOT NULL, "uses" text NOT NULL,
    "needs" text NOT NULL, "config" text NOT NULL, "contentDigest" text, "status" text NOT NULL, "cached" boolean NOT NULL, "jobId" text, "attempt" integer NOT NULL,
    "spec" text, "cacheKey" text, "outputs" text NOT NULL, "metrics" text NOT NULL, "error" text, "spanId" text, "startedAt" text, "finishedAt" text, "sentAt" text,
    PRIMARY KEY ("runId", "name"))`,
  `CREATE UNIQUE INDEX "run_steps_by_job" ON "run_steps" ("jobId")`,
  `CREATE INDEX "run_steps_by_status" ON "run_steps" ("status", "sentAt")`,

  `CREATE TABLE "stopping_jobs" ("jobId" text PRIMARY KEY, "project" text NOT NULL, "requestedAt" text NOT NULL, "sentAt" text NOT NULL)`,

  `CREATE TABLE "step_results" (
    "project" text NOT NULL, "cacheKey" text NOT NULL, "outputs" text NOT NULL, "metrics" text NOT NULL, "runId" text NOT NULL, "step" text NOT NULL, "createdAt" text NOT NULL,
    PRIMARY KEY ("project", "cacheKey"))`,

  `CREATE TABLE "artifacts" (
    "project" text NOT NULL, "digest" text NOT NULL, "size" bigint NOT NULL, "mediaType" text NOT NULL, "family" text, "runId" text NOT NULL, "step" text NOT NULL, "createdAt" text NOT NULL,
    PRIMARY KEY ("project", "digest"))`,

  `CREATE TABLE "lineage_edges" (
    "project" text NOT NULL, "child" text NOT NULL, "parent" text NOT NULL, "role" text NOT NULL, "runId" text NOT NULL, "step" text NOT NULL,
    PRIMARY KEY ("project", "child", "parent", "role"))`,
  `CREATE INDEX "lineage_edges_by_parent" ON "lineage_edges" ("project", "parent")`,

  `CREATE TABLE "model_versions" (
    "project" text NOT NULL, "name" text NOT NULL, "version" integer NOT NULL, "digest" text NOT NULL, "family" text NOT NULL, "runId" text, "createdAt" text NOT NULL,
    PRIMARY KEY ("project", "name", "version"))`,

  `CREATE TABLE "model_aliases" (
    "project" text NOT NULL, "name" text NOT NULL, "alias" text NOT NULL, "version" integer NOT NULL,
    PRIMARY KEY ("project", "name", "alias"))`,

  `CREATE TABLE "alias_changes" (
    "id" text PRIMARY KEY, "project" text NOT NULL, "name" text NOT NULL, "alias" text NOT NULL, "version" integer NOT NULL, "previousVersion" integer, "at" text NOT NULL, "runId" text)`,
  `CREATE INDEX "alias_changes_by_name" ON "alias_changes" ("project", "name", "at")`,

  `CREATE TABLE "dataset_versions" (
    "id" text PRIMARY KEY, "project" text NOT NULL, "name" text NOT NULL, "version" integer NOT NULL, "digest" text NOT NULL, "rows" integer NOT NULL, "report" text NOT NULL,
    "runId" text, "createdAt" text NOT NULL, "sentAt" text NOT NULL, "heardAt" text)`,
  `CREATE UNIQUE INDEX "dataset_versions_by_name" ON "dataset_versions" ("project", "name", "version")`,
  `CREATE INDEX "dataset_versions_unheard" ON "dataset_versions" ("heardAt", "sentAt")`,

  `CREATE TABLE "recipes" (
    "project" text NOT NULL, "name" text NOT NULL, "version" integer NOT NULL, "recipe" text NOT NULL, "source" text NOT NULL, "appliedAt" text NOT NULL,
    PRIMARY KEY ("project", "name", "version"))`,

  `CREATE TABLE "spans" (
    "traceId" text NOT NULL, "spanId" text NOT NULL, "project" text NOT NULL, "startTime" double precision NOT NULL, "span" text NOT NULL,
    PRIMARY KEY ("traceId", "spanId"))`,
  `CREATE INDEX "spans_by_time" ON "spans" ("startTime")`,

  `CREATE TABLE "uploads" ("id" text PRIMARY KEY, "project" text NOT NULL, "files" text NOT NULL, "artifact" text, "createdAt" text NOT NULL)`,
];
