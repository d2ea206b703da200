import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Steps whose failure does not end their run. Of the steps that are there already none is such. */
export class AddMayFail1764273600000 implements MigrationInterface {
  readonly name = 'AddMayFail1764273600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "run_steps" ADD COLUMN "mayFail" boolean NOT NULL DEFAULT FALSE');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "run_steps" DROP COLUMN "mayFail"');
  }
}
