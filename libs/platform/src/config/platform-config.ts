import type { ServiceName } from '@tunesmith/contracts';

export type DatabaseConfig =
  | { readonly kind: 'sqlite'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly url: string };

export type ArtifactsConfig =
  | { readonly kind: 'file'; readonly folder: string }
  | {
      readonly kind: 's3'; readonly bucket: string; readonly prefix: string; readonly host: string; readonly port: number;
      readonly secure: boolean; readonly region: string; readonly accessKey: string; readonly secretKey: string;
    };

/** What a service reads from its environment, once, at start. Injectable. All times are milliseconds. */
export abstract class PlatformConfig {
  abstract readonly service: ServiceName;
  abstract readonly home: string;
  /** Owner name of this process's leases. A fixed one lets a restarted process reclaim its own jobs at once. */
  abstract readonly instance: { readonly name: string; readonly fixed: boolean };
  abstract readonly nats: { readonly url: string; readonly token: string | undefined; readonly replicas: number };
  abstract readonly database: DatabaseConfig;
  abstract readonly artifacts: ArtifactsConfig;
  abstract readonly http: { readonly host: string; readonly port: number } | null;
  /** What datasets may be fetched from. */
  abstract readonly addresses: {
    readonly allowed: 'public' | 'public-and-loopback';
    /** The server of `s3://BUCKET/KEY`; trusted where whoever runs the platform has named it, for it may lie in a private network. */
    readonly s3: { readonly host: string; readonly port: number; readonly secure: boolean; readonly region: string; readonly accessKey: string | undefined; readonly secretKey: string | undefined; readonly trusted: boolean };
  };
  abstract readonly tokenFile: string | undefined;
  abstract readonly workers: {
    readonly threads: number;
    /** Bytes that all workers of this process may use together. */
    readonly memory: number;
    readonly idleTime: number;
    /** How long a worker may take to obey an abort before it is killed. */
    readonly graceTime: number;
    /** Library for LD_PRELOAD of worker processes. */
    readonly preload: string | undefined;
    /** Where models compute: `cpu`, `cuda` or `cuda:INDEX`. */
    readonly device: string;
  };
  /** Models that are kept warm for clients who wait. */
  abstract readonly serving: {
    /** The most requests to one model that are not answered yet; more are refused. */
    readonly most: number;
    /** How long a model that nobody asks stays warm. */
    readonly idleTime: number;
    /** The longest that one request may take. */
    readonly timeLimit: number;
  };
  abstract readonly jobs: {
    readonly leaseTime: number;
    readonly renewTime: number;
    readonly attempts: number;
    readonly concurrency: number;
    /** Delay before the second attempt; doubles with each further one. */
    readonly backoffTime: number;
    readonly cancelTime: number;
  };
  abstract readonly telemetry: { readonly otlpEndpoint: string | undefined };
}
