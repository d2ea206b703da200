import { SpansFinished, type PayloadOf } from '@tunesmith/contracts';
import { done, Handles, type Delivery, type Outcome } from '@tunesmith/platform';
import { SpansRepository } from './traces/spans.repository.js';

/** Keeps the spans of every service, so that `tunesmith trace` needs no collector. */
@Handles(SpansFinished)
export class TelemetrySpansFinishedHandler {
  async handle({ spans }: PayloadOf<typeof SpansFinished>, { transaction, project }: Delivery): Promise<Outcome> {
    await new SpansRepository(transaction).record(project, spans);
    return done();
  }
}
