import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Grades that raters hand in from a form's page. */
export class AddHandedInGrades1764288000000 implements MigrationInterface {
  readonly name = 'AddHandedInGrades1764288000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE "handed_in_grades" ("digest" text NOT NULL, "rater" text NOT NULL, "browser" text NOT NULL, "grades" text NOT NULL, "handedInAt" text NOT NULL, PRIMARY KEY ("digest", "rater"))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "handed_in_grades"');
  }
}
