import { Database } from '@tunesmith/platform';
import { temporaryFolder } from '@tunesmith/tests-support';
import { entities, migrations } from '../registry.entities.js';

/** The registry's tables in a real SQLite database, gone when it is disposed of. */
export async function openRegistryDatabase(): Promise<AsyncDisposable & { readonly database: Database }> {
  const folder = await temporaryFolder('registry');
  const database = await Database.open({ config: { kind: 'sqlite', folder: folder.path }, service: 'registry', entities, migrations });
  return {
    database,
    [Symbol.asyncDispose]: async () => {
      await database.close();
      await folder.remove();
    },
  };
}
