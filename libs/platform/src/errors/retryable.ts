/** Codes of the system, the drivers and the clients that say "not now" rather than "never". */
const transientCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN',
  'SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', 'ConditionalRequestConflict',
]);
const transientNames = new Set(['TimeoutError', 'NoRespondersError', 'ClosedConnectionError', 'ConnectionError', 'JetStreamApiError']);
// Classes of SQLSTATE: connection, transaction rollback, insufficient resources, lock not available, operator intervention.
const transientSqlState = /^(08|40|53|55P03|57P0)/;
// A full disk mends itself no quicker than a person does, but a fact must not be given up for it.
const transientSqlite = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|PROTOCOL)/;

// The PostgreSQL driver says these without a code, when the server goes away in the middle.
const transientMessages = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout)/;

/**
 * Whether trying again may help. Errors say so themselves by `retryable`; errors of the network, of database drivers
 * and of the broker are known by their codes. Everything else is taken as final.
 */
export function isRetryable(error: unknown): boolean {
  for (let current: unknown = error, depth = 0; isRecord(current) && depth < 5; current = current['driverError'] ?? current['cause'], depth += 1) {
    if (typeof current['retryable'] === 'boolean') return current['retryable'];
    if (typeof current['name'] === 'string' && transientNames.has(current['name'])) return true;
    if (typeof current['message'] === 'string' && transientMessages.test(current['message'])) return true;
    const code = current['code'];
    if (typeof code === 'string' && (transientCodes.has(code) || transientSqlState.test(code) || transientSqlite.test(code))) return true;
  }
  return false;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
