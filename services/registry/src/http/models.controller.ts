import { Controller } from '@nestjs/common';
import { api, type AliasChange, type ModelView } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import { ModelsRepository } from '../models/models.repository.js';
import { Input, Serves, type InputOf } from './serves.js';

@Controller()
export class ModelsController {
  constructor(private readonly database: Database) {}

  @Serves(api.listModels)
  list(@Input() { query }: InputOf<typeof api.listModels>): Promise<ModelView[]> {
    return this.models(query.project).list();
  }

  @Serves(api.showModel)
  show(@Input() { parameters, query }: InputOf<typeof api.showModel>): Promise<ModelView> {
    return this.models(query.project).show(parameters.name);
  }

  @Serves(api.modelHistory)
  history(@Input() { parameters, query }: InputOf<typeof api.modelHistory>): Promise<AliasChange[]> {
    return this.models(query.project).history(parameters.name, query);
  }

  @Serves(api.setAlias)
  setAlias(@Input() { parameters, query, body }: InputOf<typeof api.setAlias>): Promise<ModelView> {
    return this.database.transaction(async (transaction) => {
      const models = new ModelsRepository(transaction, query.project);
      await models.setAlias(parameters.name, parameters.alias, body.version, null);
      return models.show(parameters.name);
    });
  }

  private models(project: string): ModelsRepository {
    return new ModelsRepository(this.database.dataSource.manager, project);
  }
}
