// From sums to what people look at: the stream sends counters, and rates and quantiles are taken
// between two snapshots of one process. Across a restart, or a hole, there is nothing to take.

export interface Stock {
  as_of: string;
  as_of_ms: number;
  position: number;
  stock: number;
  withdrawn: number;
  held: number;
  paid: number;
  available: number;
  returned: number;
}
export interface Funnel {
  arrived: number;
  admitted: number;
  outcomes: Record<string, number>;
  orders: number;
  orders_stored?: number; // absent: another process stores the rows
  orders_stored_at?: number;
  units_paid: number;
}
export interface Latency {
  edges_us: number[];
  decisions: number[]; // one more than edges: beyond the last
  decisions_us: number;
  turns: number;
  records: number;
  flushes: number;
  flush_us: number;
  stored: number;
  store_delay_ms: number;
}
export interface Health {
  ready: boolean;
  checks: { name: string; pass: boolean; says: string; repair?: string }[];
  waiting: number;
  durable: number;
  rows_at?: number;
  unsure: number;
  connections: number;
  readers: number;
}
export interface Sale {
  id: string;
  title: string;
  state: string;
  stock: number;
  available: number;
  held: number;
  paid: number;
  withdrawn: number;
  returned: number;
  orders: number;
  orders_max: number;
  per_buyer: number;
  price_minor: number;
  currency: string;
  hold_s: number;
  starts_at: string;
  ends_at?: string;
  first_win_at?: string;
  sold_out_at?: string;
  version: number;
}
export interface State {
  process: string;
  since: string;
  version: string;
  sale: Sale;
}
export interface Snapshot {
  state: State;
  stock: Stock;
  funnel: Funnel;
  latency: Latency;
  health: Health;
}

// Linear within a bucket, as Prometheus' histogram_quantile: µs, or null when nothing was decided.
// What lies beyond the last edge counts as that edge.
export function quantile(q: number, counts: readonly number[], edges: readonly number[]): number | null {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return null;
  let before = 0;
  for (let i = 0; i < edges.length; ++i) {
    const here = counts[i]!;
    if (here > 0 && before + here >= q * total) {
      const low = i === 0 ? 0 : edges[i - 1]!;
      return low + (edges[i]! - low) * ((q * total - before) / here);
    }
    before += here;
  }
  return edges[edges.length - 1]!;
}

export interface Rates {
  arrived: number; // per second
  won: number;
  p50: number | null; // µs
  p99: number | null;
  turn: number | null; // records in a turn
  flushUs: number | null; // mean
  storeDelayMs: number | null; // mean
  soldPerS: number; // units
}

export const holeMs = 2_000; // snapshots further apart than this have a hole between them

// May the two be compared? The later one is `b`.
export const follows = (a: Snapshot, b: Snapshot): boolean =>
  a.state.process === b.state.process &&
  b.stock.as_of_ms > a.stock.as_of_ms &&
  b.stock.as_of_ms - a.stock.as_of_ms <= holeMs;

const mean = (sum: number, count: number): number | null => (count > 0 ? sum / count : null);

// Needs: both of one process, b later than a.
export function ratesBetween(a: Snapshot, b: Snapshot): Rates {
  const seconds = (b.stock.as_of_ms - a.stock.as_of_ms) / 1000;
  const decided = b.latency.decisions.map((n, i) => n - a.latency.decisions[i]!);
  const won = (b.funnel.outcomes['won'] ?? 0) - (a.funnel.outcomes['won'] ?? 0);
  return {
    arrived: (b.funnel.arrived - a.funnel.arrived) / seconds,
    won: won / seconds,
    p50: quantile(0.5, decided, b.latency.edges_us),
    p99: quantile(0.99, decided, b.latency.edges_us),
    turn: mean(b.latency.records - a.latency.records, b.latency.turns - a.latency.turns),
    flushUs: mean(b.latency.flush_us - a.latency.flush_us, b.latency.flushes - a.latency.flushes),
    storeDelayMs: mean(b.latency.store_delay_ms - a.latency.store_delay_ms, b.latency.stored - a.latency.stored),
    soldPerS: Math.max(0, a.stock.available - b.stock.available) / seconds,
  };
}

// One point of the charts; null draws a gap.
export interface Point {
  at: number; // s
  left: number | null;
  arrived: number | null;
  won: number | null;
  p50: number | null; // ms
  p99: number | null;
}

export const keptMs = 180_000;
export const windowMs = 1_000; // rates are of the last second

// Snapshots of one unbroken stretch, and the points they made.
export class History {
  points: Point[] = [];
  rates: Rates | null = null;
  private recent: Snapshot[] = []; // of the last second, and one before

  add(snapshot: Snapshot): void {
    const at = snapshot.stock.as_of_ms / 1000;
    const last = this.recent[this.recent.length - 1];
    if (last && !follows(last, snapshot)) {
      this.recent = [];
      // A line would claim that we saw what lies between.
      const hole = last.stock.as_of_ms / 1000 + 0.001;
      this.points.push({ at: Math.min(hole, at), left: null, arrived: null, won: null, p50: null, p99: null });
    }
    this.recent.push(snapshot);
    while (this.recent.length > 2 && snapshot.stock.as_of_ms - this.recent[1]!.stock.as_of_ms >= windowMs)
      this.recent.shift();
    const first = this.recent[0]!;
    this.rates = this.recent.length > 1 ? ratesBetween(first, snapshot) : null;
    this.points.push({
      at,
      left: snapshot.stock.available,
      arrived: this.rates?.arrived ?? null,
      won: this.rates?.won ?? null,
      p50: this.rates?.p50 == null ? null : this.rates.p50 / 1000,
      p99: this.rates?.p99 == null ? null : this.rates.p99 / 1000,
    });
    const from = at - keptMs / 1000;
    let old = 0;
    while (this.points[old]!.at < from) ++old;
    if (old > 0) this.points = this.points.slice(old);
  }
}

// Seconds until nothing is left at the present pace; null: at this pace, never.
export const soldOutIn = (left: number, perSecond: number): number | null =>
  left === 0 ? 0 : perSecond > 0 ? left / perSecond : null;
