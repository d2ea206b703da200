import { join } from 'node:path';
import type { ServedModel as ServedModelRef } from '@tunesmith/contracts';
import { PlatformError, type ArtifactStore, type PlatformConfig, type WorkerPool } from '@tunesmith/platform';
import type { ServeInput } from './serve-messages.js';
import { ServedModel } from './served-model.js';

/** The models that are warm, each in a worker process of its own. */
export class ServedModels {
  private readonly models = new Map<string, Promise<ServedModel>>();

  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool, private readonly limits: Pick<PlatformConfig['serving'], 'most' | 'idleTime'>) {}

  /** The warm model, or one that is being loaded: requests to it wait. */
  async of(ref: ServedModelRef): Promise<ServedModel> {
    const key = JSON.stringify(ref);
    const known = await this.models.get(key)?.catch(() => undefined);
    if (known?.isServing) return known;
    // Another request may have begun it while this one looked.
    const current = this.models.get(key);
    const again = current && (await current.catch(() => undefined));
    if (again?.isServing) return again;
    const started = this.start(key, ref);
    this.models.set(key, started);
    return started;
  }

  /** Ends them all; open requests fail. */
  async stop(): Promise<void> {
    await Promise.all([...this.models.values()].map(async (model) => (await model).stop().catch(() => undefined)));
  }

  private async start(key: string, ref: ServedModelRef): Promise<ServedModel> {
    const { artifact } = ref;
    const staged = await this.artifacts.stage({ artifact });
    const { most, idleTime } = this.limits;
    const model = new ServedModel({ workers: this.workers, input: inputOf(ref, staged.artifact), most, idleTime, release: async () => staged[Symbol.asyncDispose]() });
    void model.ended.then(async () => {
      if ((await this.models.get(key)?.catch(() => undefined)) === model) this.models.delete(key);
    });
    return model;
  }
}

function inputOf(ref: ServedModelRef, folder: string): ServeInput {
  if (ref.kind === 'model') return { kind: 'model', modelFolder: folder, dtype: ref.dtype };
  // Only what lies in the artifact is opened.
  if (ref.file.split('/').includes('..')) throw new PlatformError({ code: 'file-outside', message: `expected a file of the artifact; got "${ref.file}"` });
  return { kind: 'file', path: join(folder, ...ref.file.split('/')) };
}
