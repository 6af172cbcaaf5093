// What the page asks the server, with the operator's token if one is needed. The token lives in
// sessionStorage: it ends with the tab, and is never part of a URL.
import { signal } from '@preact/signals';
import { pause, waitMs } from '../common/backoff';
import { History, type Sale, type Snapshot } from './figures';
import { Parser } from './sse';

const tokenKey = 'seckill-admin-token';
export const token = signal(sessionStorage.getItem(tokenKey) ?? '');
export const tokenAsked = signal<'no' | 'needed' | 'wrong'>('no');

export function giveToken(text: string): void {
  token.value = text.trim();
  sessionStorage.setItem(tokenKey, token.value);
  tokenAsked.value = 'no';
  void loadSales();
}

export interface Problem {
  status: number;
  code: string;
  title: string;
  detail?: string;
}

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title);
  }
}

export async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (token.value) headers.set('Authorization', `Bearer ${token.value}`);
  const reply = await fetch(path, { ...options, headers, cache: 'no-store' });
  if (reply.status === 401 || reply.status === 403)
    tokenAsked.value = token.value ? 'wrong' : 'needed';
  if (reply.ok) return reply;
  const unread = { status: reply.status, code: 'unknown', title: `The server said ${reply.status}` };
  throw new Refused(((await reply.json().catch(() => null)) as Problem | null) ?? unread);
}

// ---- Sales ----

export const sales = signal<Sale[]>([]);
export const chosen = signal(location.hash.slice(1));
export const loaded = signal(false);

export function choose(id: string): void {
  chosen.value = id;
  history.replaceState(null, '', `#${id}`);
}

export async function loadSales(): Promise<void> {
  try {
    const all: Sale[] = [];
    for (let more = true; more; ) {
      const after = all.length > 0 ? `&starting_after=${all[all.length - 1]!.id}` : '';
      const page = (await (await ask(`/api/v1/sales?limit=1000${after}`)).json()) as {
        sales: Sale[];
        has_more: boolean;
      };
      all.push(...page.sales);
      more = page.has_more && page.sales.length > 0;
    }
    sales.value = all;
    loaded.value = true;
    if (!all.some((sale) => sale.id === chosen.value)) choose(all[0]?.id ?? '');
  } catch {
    // The stream says that the server is away.
  }
}

// ---- The stream ----

export type Link = 'connecting' | 'live' | 'away' | 'full' | 'locked';
export const link = signal<Link>('connecting');
export const snapshot = signal<Snapshot | null>(null);
export const past = signal(new History(), {});
export const drawn = signal(0); // counts up with each point

const silenceMs = 5_000; // a stream that says nothing for so long is dead

// Follows one sale until it is told to stop.
export function follow(sale: string): () => void {
  const stop = new AbortController();
  past.value = new History();
  snapshot.value = null;
  link.value = 'connecting';
  void keepFollowing(sale, stop.signal);
  return () => stop.abort();
}

async function keepFollowing(sale: string, stop: AbortSignal): Promise<void> {
  const parser = { id: '' };
  for (let tries = 0; !stop.aborted; ) {
    try {
      await read(sale, stop, parser, () => (tries = 0));
      if (!stop.aborted) link.value = 'away';
    } catch (error) {
      if (stop.aborted) return;
      const status = error instanceof Refused ? error.problem.status : 0;
      link.value = status === 401 || status === 403 ? 'locked' : status === 503 ? 'full' : 'away';
    }
    if (stop.aborted) return;
    const had = token.value;
    await pause(Math.min(3_000, waitMs(++tries, Math.random())));
    while (link.value === 'locked' && token.value === had && !stop.aborted) await pause(200);
  }
}

async function read(sale: string, stop: AbortSignal, seen: { id: string }, begun: () => void): Promise<void> {
  const silence = new AbortController();
  stop.addEventListener('abort', () => silence.abort(), { signal: silence.signal });
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const reply = await ask(`/api/v1/sales/${sale}/events`, {
      signal: silence.signal,
      headers: seen.id ? { 'Last-Event-ID': seen.id } : {},
    });
    const reader = reply.body!.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new Parser();
    let whole: Partial<Snapshot> = {};
    for (;;) {
      const { value, done } = await reader.read();
      if (done || stop.aborted) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      for (const { name, data } of parser.push(value)) {
        if (!['state', 'stock', 'funnel', 'latency', 'health'].includes(name)) continue;
        whole = { ...whole, [name]: JSON.parse(data) as unknown };
        if (name !== 'health') continue;
        begun();
        take(whole as Snapshot);
        whole = {};
        seen.id = parser.id || seen.id;
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function take(next: Snapshot): void {
  link.value = 'live';
  past.value.add(next);
  snapshot.value = next;
  drawn.value += 1;
}
