// The shop page's script. The server has written the page already, with its state in main's
// attributes; the script keeps them up to date, counts down, and asks again by itself. It knows no
// words: they are all in the page, in the buyer's language.
import { pause, retryAfterMs, waitMs } from '../common/backoff';
import { ServerClock, steady } from '../common/clock';
import { countdown, shortCountdown } from '../common/format';

interface SaleJson {
  state: string;
  stock: number;
  withdrawn: number;
  available: number;
  orders: number;
  orders_max: number;
  starts_at: string;
}
interface MineJson {
  view: string;
  note: string;
  more: boolean;
  key: string;
  order_key: string;
  known: boolean;
  server_ms: number;
  units: string;
  sale: SaleJson;
  order?: { due_at?: string };
}

const main = document.querySelector<HTMLElement>('#shop')!;
const said = main.dataset as Record<string, string>;
const button = document.querySelector<HTMLButtonElement>('#button')!;
const announce = document.querySelector<HTMLElement>('#announce')!;
const clock = new ServerClock(Number(said.serverMs));
const page = `/s/${said.sale}`;
const askingKey = `seckill-asking-${said.sale}`;
const changedKey = `seckill-changed-${said.sale}`;

const quickPollMs = 1_000;
const slowPollMs = 5_000;
const replyWaitMs = 8_000; // the server answers within 5 s, or never
const triesMax = 40;

// Storage may be forbidden; the page works without it, only less well.
const store = {
  get: (key: string) => attempt(() => sessionStorage.getItem(key)) ?? null,
  set: (key: string, value: string) => attempt(() => sessionStorage.setItem(key, value)),
  remove: (key: string) => attempt(() => sessionStorage.removeItem(key)),
};
function attempt<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}

// ---- What is shown ----

function put(slot: string, text: string): void {
  for (const element of document.querySelectorAll<HTMLElement>(`[data-slot="${slot}"]`)) {
    if (element instanceof HTMLInputElement) element.value = text;
    else if (element.textContent !== text) element.textContent = text;
  }
}

function putTime(slot: string, iso: string): void {
  const at = new Date(iso);
  const element = document.querySelector<HTMLTimeElement>(`[data-slot="${slot}"]`);
  if (!element || Number.isNaN(at.getTime())) return;
  const sameDay = at.toDateString() === new Date(clock.now()).toDateString();
  element.dateTime = iso;
  element.textContent = sameDay
    ? at.toLocaleTimeString(document.documentElement.lang)
    : at.toLocaleString(document.documentElement.lang);
}

const isOrder = (view: string) => ['held', 'kept', 'paid'].includes(view);

// The second click of a double click must not buy another: the first one's answer may be there
// already, and the button under the finger has got another meaning.
const meantMs = 1_500;
let meantFrom = 0;

function show(view: string, note = said.note ?? ''): void {
  if (isOrder(view) && !isOrder(said.view!)) meantFrom = steady() + meantMs;
  if (said.view === 'scheduled' && view === 'open') tell(`start-${said.starts}`, 0); // whoever saw it first
  said.view = view;
  said.note = note;
  showButton();
}

function showButton(): void {
  const another = isOrder(said.view!) && said.more === 'yes' && steady() >= meantFrom;
  button.disabled = said.ask !== '' || !(said.view === 'open' || another);
}

function showStock(sale: SaleJson): void {
  const all = sale.stock - sale.withdrawn;
  put('left', String(sale.available));
  put('stock', String(all));
  const bar = document.querySelector<HTMLProgressElement>('[data-slot="bar"]')!;
  bar.max = Math.max(1, all);
  bar.value = sale.available;
  said.starts = sale.starts_at;
  putTime('starts', sale.starts_at);
}

function showMine(mine: MineJson, note: string): void {
  said.key = mine.key;
  said.more = mine.more ? 'yes' : 'no';
  said.due = mine.order?.due_at ?? '';
  put('key', mine.key);
  put('order-key', mine.order_key);
  said.orderKey = mine.order_key;
  put('units', mine.units);
  if (said.due) putTime('due', said.due);
  showStock(mine.sale);
  show(mine.view, mine.known ? note || mine.note : 'no-cookie');
  tick();
}

// What the sale alone says, for who has no order in it.
function viewOf(sale: SaleJson): string {
  if (sale.state !== 'open') return sale.state === 'retired' ? 'closed' : sale.state;
  if (sale.available === 0) return 'sold-out';
  return sale.orders >= sale.orders_max ? 'full' : 'open';
}

// ---- What is asked ----

async function ask(url: string, options: RequestInit = {}): Promise<Response> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), replyWaitMs);
  try {
    return await fetch(url, { ...options, signal: patience.signal });
  } finally {
    clearTimeout(timer);
  }
}

async function refresh(note = ''): Promise<boolean> {
  try {
    const reply = await ask(`${page}/mine`, { cache: 'no-store' });
    if (!reply.ok) throw new Error(String(reply.status));
    showMine((await reply.json()) as MineJson, note);
    return true;
  } catch {
    show(said.view!, 'offline');
    return false;
  }
}

// Asks until there is an answer: the key makes it the same order however often it is asked for.
async function answerTo(url: string, key: string): Promise<Response | null> {
  for (let tries = 1; tries <= triesMax; ++tries) {
    let retryAfter = 0;
    try {
      const reply = await ask(url, { method: 'POST', headers: { 'Idempotency-Key': key } });
      if (reply.status < 500) return reply;
      retryAfter = retryAfterMs(reply.headers.get('Retry-After'));
    } catch {
      // No reply, or its end was lost: what became of it is not known, and asking again is safe.
    }
    said.ask = 'again';
    await pause(waitMs(tries, Math.random(), retryAfter));
  }
  return null;
}

const notes: Record<string, string> = {
  'sold-out': 'missed',
  'limit-reached': 'limit',
  'sale-full': 'full',
  'cookie-missing': 'no-cookie',
  'order-state': 'order-state',
};

async function noteOf(reply: Response | null): Promise<string> {
  if (!reply) return 'unknown';
  if (reply.ok) return '';
  const problem = (await reply.json().catch(() => ({}))) as { code?: string };
  return notes[problem.code ?? ''] ?? '';
}

let asking = false;

async function carryOut(url: string, key: string): Promise<void> {
  if (asking || !key) return;
  asking = true;
  said.ask = 'first';
  show(said.view!, '');
  const note = await noteOf(await answerTo(url, key));
  while (!(await refresh(note))) await pause(waitMs(3, Math.random()));
  store.remove(askingKey);
  asking = false;
  said.ask = '';
  show(said.view!);
  attempt(() => localStorage.setItem(changedKey, String(Math.random())));
  if (isOrder(said.view!)) document.querySelector('.says')?.scrollIntoView({ block: 'nearest' });
}

function buy(key: string): void {
  store.set(askingKey, key);
  void carryOut(`${page}/buy`, key);
}

// ---- Time ----

const toldAt = new Set<string>();

// A timer is quiet but for these moments: nobody wants to hear each second.
function tell(name: string, leftMs: number): void {
  for (const seconds of [60, 10, 0]) {
    const close = leftMs <= seconds * 1000 && leftMs > seconds * 1000 - 2_000;
    const once = `${name}-${seconds}`;
    if (!close || toldAt.has(once)) continue;
    toldAt.add(once);
    const words = seconds === 0 && name.startsWith('hold') ? 'hold-0' : seconds;
    announce.textContent = announce.getAttribute(`data-${words}`);
  }
}

let refreshedFor = '';

function tick(): void {
  showButton();
  if (said.view === 'scheduled') {
    const left = Date.parse(said.starts!) - clock.now();
    put('count', countdown(left));
    tell(`start-${said.starts}`, left);
    // At the second, without a word to the server: ten thousand pages do the same.
    if (left <= 0) show('open', '');
  }
  if (said.view === 'held' && said.due) {
    const left = Date.parse(said.due) - clock.now();
    put('hold', shortCountdown(left));
    tell(`hold-${said.due}`, left);
    if (left <= 0 && refreshedFor !== said.due && !asking) {
      refreshedFor = said.due!;
      // It has ended for the server once its clock has come there, too: looked at until it has.
      setTimeout(() => void refresh().then(() => (refreshedFor = '')), 300);
    }
  }
}

// ---- The sale, looked at again and again ----

async function look(): Promise<void> {
  if (asking || document.hidden) return;
  if (isOrder(said.view!) || said.view === 'limit' || said.note === 'no-cookie') {
    await refresh(said.note === 'offline' ? '' : said.note);
    return;
  }
  try {
    const reply = await ask(`/api/v1/sales/${said.sale}`);
    if (reply.status === 404) return location.reload();
    if (!reply.ok) throw new Error(String(reply.status));
    const sale = (await reply.json()) as SaleJson;
    if (asking || isOrder(said.view!)) return;
    showStock(sale);
    const view = viewOf(sale);
    // Our countdown may be a little ahead of the server: what has opened here stays open.
    const ahead = view === 'scheduled' && Date.parse(sale.starts_at) <= clock.now();
    show(ahead ? 'open' : view, said.note === 'offline' ? '' : said.note);
  } catch {
    if (!asking) show(said.view!, 'offline');
  }
}

async function keepLooking(): Promise<void> {
  for (;;) {
    const soon = ['open', 'sold-out', 'full'].includes(said.view!) || said.note === 'offline';
    const pace = soon ? quickPollMs : slowPollMs;
    await pause(pace * (0.9 + 0.2 * Math.random()));
    await look();
  }
}

// ---- Begin ----

document.querySelector('#buy')!.addEventListener('submit', (event) => {
  event.preventDefault();
  buy(store.get(askingKey) ?? said.key!);
});
document.querySelector('#give-back')!.addEventListener('submit', (event) => {
  event.preventDefault();
  void carryOut(`${page}/give-back`, said.orderKey!);
});
// Another tab of this buyer has done something.
addEventListener('storage', (event) => {
  if (event.key === changedKey && !asking) void refresh();
});
addEventListener('pageshow', (event) => {
  if (event.persisted && !asking) void refresh();
});
document.addEventListener('visibilitychange', () => void look());

put('key', said.key!);
putTime('starts', said.starts!);
if (said.due) putTime('due', said.due);
show(said.view!);
tick();
setInterval(tick, 200);
void clock.sample().then(tick);
setInterval(() => void clock.sample(1), 30_000);
void keepLooking();

// It was asked for, and the answer has not been seen: the page was reloaded, or the reply was lost.
const open = store.get(askingKey);
if (open) buy(open);
