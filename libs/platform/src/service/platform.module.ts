import { Module, type DynamicModule, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { ServiceName } from '@tunesmith/contracts';
import type { DeliverySettings } from '../bus/topology.js';
import { HealthController } from './health.controller.js';
import { PlatformLifecycle } from './platform-lifecycle.js';
import { platformProviders } from './platform-providers.js';

export interface ServiceOptions {
  readonly service: ServiceName;
  /** The service's own tables. */
  readonly entities?: readonly Type[];
  /** Their migrations, each working on SQLite and PostgreSQL; class names end in a 13-digit timestamp. */
  readonly migrations?: readonly Type[];
  /** `new URL('./worker.js', import.meta.url)`, or null where nothing heavy is done. */
  readonly workerModule?: URL | null;
  /** Classes with @Handles or @HandlesJob. */
  readonly handlers?: readonly Type[];
  /** What handlers and controllers need from the service. */
  readonly providers?: readonly Provider[];
  readonly imports?: ModuleMetadata['imports'];
  /** How the bus delivers, where the default does not fit. */
  readonly delivery?: Partial<DeliverySettings>;
}

/** Everything that a service needs of the outside world, configured from its environment when the application starts. */
@Module({})
export class PlatformModule {
  static forService(options: ServiceOptions): DynamicModule {
    const { handlers = [], providers = [], imports = [] } = options;
    const platform = platformProviders(options);
    return {
      module: PlatformModule,
      imports,
      controllers: [HealthController],
      providers: [
        ...platform, ...providers, ...handlers,
        { provide: PlatformLifecycle, inject: [ModuleRef], useFactory: (module: ModuleRef) => new PlatformLifecycle(module, handlers) },
      ],
      exports: [...platform, ...providers, ...handlers].map((provider) => (typeof provider === 'function' ? provider : provider.provide)),
    };
  }
}
