/** 1536 -> "1.5 KB"; powers of 1024, as `ls -h` and `du -h` count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds as people say them: "340 ms", "7.2 s", "3:07", "1:02:33". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  return formatClock(milliseconds);
}

/** Milliseconds as a clock: "0:08", "3:07", "1:02:33". */
export function formatClock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A figure with as many digits as help: 1234, 41.2, 0.8312, 0.00021. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.001) return value.toFixed(4);
  return value.toExponential(2);
}

/** A count as it stands up to a million, then with three digits: 93, 28311552 -> "28.3M". */
export function formatCount(value: number): string {
  if (value < 1e6) return formatNumber(value);
  return value < 1e9 ? `${Number((value / 1e6).toPrecision(3))}M` : `${Number((value / 1e9).toPrecision(3))}G`;
}

/** An ISO time in the reader's own time zone, to the second: "2026-11-21 22:16:05". */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** sha256:0123456789ab…: enough of a digest to recognise it. */
export function shortDigest(digest: string): string {
  return `${digest.slice(0, 'sha256:'.length + 12)}…`;
}
