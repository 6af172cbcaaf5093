// How long to wait before asking again: twice as long each time, never all at the same moment.

export const firstMs = 400;
export const mostMs = 8_000;

// `tries` so far: 1, 2, …; `random` in [0, 1). Never sooner than the server asked for.
export function waitMs(tries: number, random: number, retryAfterMs = 0): number {
  const full = Math.min(mostMs, firstMs * 2 ** (tries - 1));
  return Math.max(retryAfterMs, full / 2 + (full / 2) * random);
}

// "Retry-After: 1" in ms; what cannot be read is 0.
export function retryAfterMs(header: string | null): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, 30_000) : 0;
}

export const pause = (ms: number): Promise<void> =>
  new Promise((done) => setTimeout(done, ms));
