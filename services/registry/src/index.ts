export { serveApi } from './http/serve-api.js';
export { RegistryModule, registryHandlers } from './registry.module.js';
export { installedVersion } from './version.js';
