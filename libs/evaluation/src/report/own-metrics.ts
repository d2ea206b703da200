/** The names of a task's metrics without their standard errors and without those of the model that it is compared with. */
export function ownMetrics(metrics: Readonly<Record<string, number>>): string[] {
  return Object.keys(metrics).filter((name) => !name.startsWith('against_') && !name.endsWith('_stderr'));
}
