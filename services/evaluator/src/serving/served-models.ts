import { join } from 'node:path';
import type { ServedModel as ServedModelRef } from '@tunesmith/contracts';
import { PlatformError, type ArtifactStore, type PlatformConfig, type WorkerPool } from '@tunesmith/platform';
import type { ServeInput } from './serve-messages.js';
import { ServedModel } from './served-model.js';

/** The models that are warm, each in a worker process of its own. */
export class ServedModels {
  private readonly models = new Map<string, Promise<ServedModel>>();

  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool, private readonly limits: Pick<PlatformConfig['serving'], 'most' | 'idleTime'> & { readonly adapterCache: string }) {}

  /** The warm model, or one that is being loaded: requests to it wait. */
  async of(ref: ServedModelRef): Promise<ServedModel> {
    const key = JSON.stringify(ref);
    for (;;) {
      const known = this.models.get(key);
      if (!known) return this.begin(key, ref);
      const model = await known;
      if (model.isServing) return model;
      // Whoever sees first that it has left makes room; the others find what was begun meanwhile.
      if (this.models.get(key) === known) this.models.delete(key);
    }
  }

  /** Ends them all; open requests fail. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.models.values()].map(async (model) => (await model).stop()));
  }

  /** Nothing lies between the look and this, so that one model is begun once. Those who wait for it share its failure; the next request tries anew. */
  private begin(key: string, ref: ServedModelRef): Promise<ServedModel> {
    const started = this.start(ref);
    this.models.set(key, started);
    const forget = (): void => {
      if (this.models.get(key) === started) this.models.delete(key);
    };
    started.then((model) => model.ended.finally(forget)).catch(forget);
    return started;
  }

  private async start(ref: ServedModelRef): Promise<ServedModel> {
    const { artifact, adapter } = ref;
    const staged = await this.artifacts.stage<string>({ artifact, ...(adapter && { adapter }) });
    const release = async (): Promise<void> => staged[Symbol.asyncDispose]();
    const { most, idleTime, adapterCache } = this.limits;
    try {
      return new ServedModel({ workers: this.workers, input: inputOf(ref, staged['artifact']!, staged['adapter'], adapterCache), most, idleTime, release });
    } catch (error) {
      await release();
      throw error;
    }
  }
}

function inputOf(ref: ServedModelRef, folder: string, adapterFolder: string | undefined, adapterCache: string): ServeInput {
  if (ref.kind === 'model') return { kind: 'model', modelFolder: folder, ...(adapterFolder !== undefined && { adapterFolder }), dtype: ref.dtype };
  // Only what lies in the artifact is opened.
  if (ref.file.split('/').includes('..')) throw new PlatformError({ code: 'file-outside', message: `expected a file of the artifact; got "${ref.file}"` });
  return { kind: 'file', path: join(folder, ...ref.file.split('/')), ...(ref.dtype !== undefined && { dtype: ref.dtype }), ...(adapterFolder !== undefined && { adapter: { folder: adapterFolder, cache: adapterCache } }) };
}
