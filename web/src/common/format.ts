// Numbers and times as people read them.

const two = (n: number): string => String(n).padStart(2, '0');

// Time left, rounded up to whole seconds: it shows 00:00:01 until the very end. Days when there are.
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const days = Math.floor(seconds / 86_400);
  const clock = [(seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60].map((n) => two(Math.floor(n)));
  return (days > 0 ? `${days}d ` : '') + clock.join(':');
}

// As countdown, without hours that are not there: 14:59.
export function shortCountdown(ms: number): string {
  const text = countdown(ms);
  return text.startsWith('00:') ? text.slice(3) : text;
}

export const grouped = (n: number): string =>
  Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ',');

// 6412 -> "6.4k": three digits are enough beside a chart.
export function brief(n: number): string {
  if (n < 100) return String(Math.round(n * 10) / 10);
  if (n < 10_000) return grouped(n);
  if (n < 1_000_000) return `${(n / 1000).toFixed(1)}k`;
  return `${(n / 1_000_000).toFixed(1)}M`;
}

// Microseconds with a unit that fits.
export function duration(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
  return `${(us / 1_000_000).toFixed(1)} s`;
}

// Local time of day, to the millisecond: "16:10:01.250".
export function timeOfDay(ms: number): string {
  const at = new Date(ms);
  return (
    [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':') +
    '.' +
    String(at.getMilliseconds()).padStart(3, '0')
  );
}
