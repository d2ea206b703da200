import { runService } from '@tunesmith/platform';
import { EvaluatorModule } from './evaluator.module.js';

await runService(EvaluatorModule);
