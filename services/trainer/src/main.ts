import { runService } from '@tunesmith/platform';
import { TrainerModule } from './trainer.module.js';

await runService(TrainerModule);
