/** The folder of the peers' Python environment, or undefined where there is none. Throws where the one that was named lacks a peer. */
export function findPythonPeers(given?: string): string | undefined;
/** As `findPythonPeers`; where there is none, makes one in the user's cache. */
export function pythonPeers(given?: string): string;
