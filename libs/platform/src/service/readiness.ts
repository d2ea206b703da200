import type { Database } from '../database/database.js';

/** Whether work should be sent here. False while the service starts or drains. */
export class Readiness {
  accepting = false;

  constructor(private readonly database: Database) {}

  async databaseAnswers(): Promise<boolean> {
    return this.database.dataSource.query('SELECT 1').then(() => true, () => false);
  }
}
