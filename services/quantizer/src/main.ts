import { runService } from '@tunesmith/platform';
import { QuantizerModule } from './quantizer.module.js';

await runService(QuantizerModule);
