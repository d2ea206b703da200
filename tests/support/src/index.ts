export { eventually } from './eventually.js';
export { freePort } from './free-port.js';
export { buildMinio, findMinio, minioVersion, startMinio, type MinioServer } from './minio.js';
export { NatsServer } from './nats-server.js';
export { startOtlpReceiver, type OtlpReceiver, type ReceivedMetric, type ReceivedSpan } from './otlp-receiver.js';
export { startPostgres, type PostgresServer } from './postgres.js';
export { accepts, findProgram, MissingServerError, repositoryRoot, ServerProcess, type ServerProcessOptions } from './server-process.js';
export { temporaryFolder } from './temporary-folder.js';
