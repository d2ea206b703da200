import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Controller } from '@nestjs/common';
import { api, DatasetRow, type DatasetView } from '@tunesmith/contracts';
import { ArtifactStore, Database } from '@tunesmith/platform';
import { DatasetsRepository } from '../datasets/datasets.repository.js';
import { Input, Serves, type InputOf } from './serves.js';

@Controller()
export class DatasetsController {
  constructor(private readonly database: Database, private readonly store: ArtifactStore) {}

  @Serves(api.listDatasets)
  list(@Input() { query }: InputOf<typeof api.listDatasets>): Promise<DatasetView[]> {
    return this.datasets(query.project).list();
  }

  @Serves(api.showDataset)
  show(@Input() { parameters, query }: InputOf<typeof api.showDataset>): Promise<DatasetView> {
    return this.datasets(query.project).show(parameters.name, query.version);
  }

  @Serves(api.datasetVersions)
  versions(@Input() { parameters, query }: InputOf<typeof api.datasetVersions>): Promise<DatasetView[]> {
    return this.datasets(query.project).versions(parameters.name);
  }

  @Serves(api.datasetRows)
  async rows(@Input() { parameters, query }: InputOf<typeof api.datasetRows>): Promise<DatasetRow[]> {
    const { artifact } = await this.datasets(query.project).show(parameters.name, query.version);
    await using staged = await this.store.stage({ dataset: artifact });
    const rows: DatasetRow[] = [];
    const input = createReadStream(join(staged.dataset, 'rows.jsonl'), 'utf8');
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const row = line.trim() === '' ? undefined : DatasetRow.parse(JSON.parse(line));
      if (row && isWanted(row, query)) rows.push(row);
      if (rows.length >= query.limit) break;
    }
    input.destroy();
    return rows;
  }

  private datasets(project: string): DatasetsRepository {
    return new DatasetsRepository(this.database.dataSource.manager, project);
  }
}

function isWanted(row: DatasetRow, { split, tag }: { split?: string | undefined; tag?: string | undefined }): boolean {
  const { tags = [] } = row;
  return (split === undefined || row['split'] === split) && (tag === undefined || (Array.isArray(tags) && tags.includes(tag)));
}
