import { Module, type DynamicModule, type INestApplicationContext, type LoggerService, type LogLevel, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { JetStreamServer } from '../bus/jetstream-server.js';
import type { Environment } from '../config/environment-reader.js';
import { PlatformConfig } from '../config/platform-config.js';
import { codeOf } from '../errors/code-of.js';
import { PlatformError } from '../errors/platform-error.js';
import { PlatformLifecycle } from './platform-lifecycle.js';
import { ENVIRONMENT } from './platform-providers.js';

export interface StartOptions {
  /** Default: `process.env`. */
  readonly environment?: Environment;
  /** Before the HTTP server listens: pipes, guards, filters, the OpenAPI document. */
  readonly prepare?: (app: NestFastifyApplication) => void | Promise<void>;
  /** Nest's; default: warnings and errors on standard error. */
  readonly logger?: LoggerService | LogLevel[] | false;
  /** Options of Fastify, such as `bodyLimit`. */
  readonly fastify?: ConstructorParameters<typeof FastifyAdapter>[0];
}

export interface RunningService {
  /** Where HTTP listens; null for a service without HTTP. */
  readonly url: string | null;
  readonly app: INestApplicationContext;
  /** A provider of the service by its class. */
  get<Value>(token: { readonly prototype: Value }): Value;
  /** Drains and leaves, in the order of `PlatformLifecycle`. */
  close(): Promise<void>;
}

/**
 * Starts a service whose module has `PlatformModule.forService`. HTTP is served only where TUNESMITH_HTTP_PORT is set;
 * several services may be started in one process, each with its own environment.
 */
export async function startService(module: Type | DynamicModule, options: StartOptions = {}): Promise<RunningService> {
  const { environment = process.env, logger = ['warn', 'error', 'fatal'] } = options;
  const root = rootModule(module, environment);
  const common = { logger, abortOnError: false } as const;
  if (environment['TUNESMITH_HTTP_PORT'] === undefined) {
    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(root, {
      ...common, inject: [JetStreamServer], useFactory: (server: JetStreamServer) => ({ strategy: server }),
    });
    return start(app, () => app.listen(), () => null);
  }
  // Loaded only by services that serve HTTP.
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const adapter = new FastifyAdapter({ forceCloseConnections: true, ...options.fastify });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, common);
  app.connectMicroservice({ strategy: app.get(JetStreamServer, { strict: false }) });
  await options.prepare?.(app);
  const { http } = app.get(PlatformConfig, { strict: false });
  if (!http) throw new Error('expected TUNESMITH_HTTP_PORT to be read');
  const listen = async (): Promise<void> => {
    await app.startAllMicroservices();
    await app.listen(http.port, http.host).catch((error: unknown) => {
      throw portTaken(error, http);
    });
  };
  return start(app, listen, () => listenedUrl(app, http.host));
}

async function start(app: INestApplicationContext, listen: () => Promise<unknown>, url: () => string | null): Promise<RunningService> {
  const lifecycle = app.get(PlatformLifecycle, { strict: false });
  const close = async (): Promise<void> => {
    await app.close();
    await lifecycle.leave();
  };
  try {
    await listen();
    await lifecycle.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { app, url: url(), get: <Value>(token: { readonly prototype: Value }) => app.get<Value>(token as Type<Value>, { strict: false }), close };
}

/** The service's module below one that knows the environment. */
function rootModule(service: Type | DynamicModule, environment: Environment): DynamicModule {
  @Module({})
  class ServiceRoot {}
  @Module({})
  class EnvironmentModule {}
  const known: DynamicModule = { module: EnvironmentModule, global: true, providers: [{ provide: ENVIRONMENT, useValue: environment }], exports: [ENVIRONMENT] };
  return { module: ServiceRoot, imports: [known, service] };
}

function listenedUrl(app: NestFastifyApplication, host: string): string {
  const address = app.getHttpServer().address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
}

function portTaken(error: unknown, { host, port }: { host: string; port: number }): unknown {
  if (codeOf(error) !== 'EADDRINUSE') return error;
  return new PlatformError({ code: 'port-in-use', cause: error, facts: { host, port }, message: `Expected port ${port} of ${host} to be free; another program listens there. Stop it, or set TUNESMITH_HTTP_PORT to another port (0 takes any).` });
}
