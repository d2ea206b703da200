/** An answer that does not begin within this time means that the platform hangs. */
const usual = 60_000;
/** What a model answers takes as long as the platform lets it, and the model may have to be loaded first. */
const ofModel = 900_000;
/** A run that names paths begins when every byte of them has been read: of large parents of a merge hundreds of gigabytes, perhaps from a slow disk. */
const ofRun = 4 * 3_600_000;

/** How many milliseconds the platform may take until its answer to a request begins. */
export function answerLimit(method: string, path: string): number {
  if (path.startsWith('/openai/')) return ofModel;
  return method === 'POST' && /^\/v1\/runs(?:\/[^/]+\/resume)?$/.test(path) ? ofRun : usual;
}
