import { runService } from '@tunesmith/platform';
import { serveApi } from './http/serve-api.js';
import { RegistryModule } from './registry.module.js';

await runService(RegistryModule, serveApi);
