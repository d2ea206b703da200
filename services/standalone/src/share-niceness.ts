import { readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';

/**
 * Makes the niceness that this process was started with count. Linux weighs sessions against each other, and niceness only within one (autogroup, sched(7)): a platform
 * in a session of its own, with its workers, would take as much as if it had none.
 */
export function shareNiceness(): void {
  const niceness = getPriority();
  if (niceness <= 0 || !leadsItsSession()) return;
  try {
    writeFileSync('/proc/self/autogroup', String(niceness));
  } catch {
    // Not Linux, or without such groups: then niceness counts as it is.
  }
}

/** The group of somebody else's session, such as that of a terminal, is left as it is. */
function leadsItsSession(): boolean {
  try {
    // Behind the program's name in brackets: state, parent, group, session.
    return Number(readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ')[3]) === process.pid;
  } catch {
    return false;
  }
}
