import { runService } from '@tunesmith/platform';
import { SynthesisModule } from './synthesis.module.js';

await runService(SynthesisModule);
