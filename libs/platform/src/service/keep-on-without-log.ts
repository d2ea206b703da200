/** A log that cannot be written, on a full disk or behind a pipe that nobody reads, must not end the process whose log it is. With room again it goes on. */
export function keepOnWithoutLog(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
