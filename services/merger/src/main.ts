import { runService } from '@tunesmith/platform';
import { MergerModule } from './merger.module.js';

await runService(MergerModule);
