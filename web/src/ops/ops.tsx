// The live page: one screen that says how the sale goes, and what to do when it does not.
import { computed, signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { brief, duration, grouped, timeOfDay } from '../common/format';
import { ActDialog, Acts, Dialog, act, done } from './acts';
import { Chart } from './chart';
import { type Health, type Snapshot, soldOutIn } from './figures';
import { Orders } from './orders';
import { type Link, chosen, choose, drawn, follow, giveToken, link, loadSales, loaded, past, sales, snapshot, tokenAsked } from './server';

// ---- The limit one sets for p99 ----

const limitKey = 'seckill-limit-ms';
const limitMs = signal(Number(localStorage.getItem(limitKey)) || 50);
function setLimit(text: string): void {
  const value = Number(text);
  if (!(value > 0)) return;
  limitMs.value = value;
  localStorage.setItem(limitKey, String(value));
}

const rates = computed(() => (void drawn.value, past.value.rates));
const none = '–';
const elsewhere = 'seckill consume knows'; // the rows are another process's

// ---- Top ----

const links: Record<Link, string> = {
  connecting: 'connecting',
  live: 'live',
  away: 'server away, trying again',
  full: 'too many readers, trying again',
  locked: 'token needed',
};
const icons: Record<string, string> = { open: '●', scheduled: '◷', paused: '❚❚', closed: '■', retired: '□' };

function Top() {
  const sale = snapshot.value?.state.sale;
  return (
    <header class="top">
      <p class="mark"><img src={document.body.dataset['icon']} alt="" width="26" height="26" />seckill</p>
      <label class="choose"><span class="sr">Sale</span>
        <select value={chosen.value} onChange={(event) => choose(event.currentTarget.value)}>
          {sales.value.length === 0 && <option value="">no sale yet</option>}
          {sales.value.map((each) => <option key={each.id} value={each.id}>{each.title ? `${each.title} (${each.id})` : each.id}</option>)}
        </select>
      </label>
      {sale && <span class={`pill ${sale.state}`}><i aria-hidden="true">{icons[sale.state]}</i>{sale.state}</span>}
      <span class={`link ${link.value}`} role="status">{links[link.value]}</span>
      {snapshot.value && (
        <p class="asof num">as of <time data-figure="as-of" dateTime={snapshot.value.stock.as_of}>{timeOfDay(snapshot.value.stock.as_of_ms)}</time>
          <span> · record {grouped(snapshot.value.stock.position)}</span></p>
      )}
      <button onClick={() => (act.value = 'create')}>Create a sale</button>
    </header>
  );
}

// ---- Figures ----

function Figure({ name, label, value, unit, children, tone = '' }: {
  name: string; label: string; value: string; unit?: string; tone?: string; children?: preact.ComponentChildren;
}) {
  return (
    <div class={`figure ${tone}`}>
      <dt>{label}</dt>
      <dd><b class="num" data-figure={name}>{value}</b>{unit && <span class="unit">{unit}</span>}{children && <div class="under">{children}</div>}</dd>
    </div>
  );
}

function estimate(now: Snapshot): string {
  if (now.stock.available === 0) return 'sold out';
  const seconds = rates.value ? soldOutIn(now.stock.available, rates.value.soldPerS) : null;
  if (seconds === null || now.state.sale.state !== 'open') return none;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function Figures({ now }: { now: Snapshot }) {
  const { stock, state } = now;
  const onSale = stock.stock - stock.withdrawn;
  const p99 = rates.value?.p99 ?? null;
  const over = p99 !== null && p99 / 1000 > limitMs.value;
  const soldOutAt = state.sale.sold_out_at;
  return (
    <dl class="figures panel">
      <Figure name="sold" label="Sold" value={grouped(stock.held + stock.paid)} unit={`of ${grouped(onSale)}`}>
        <progress max={Math.max(1, onSale)} value={stock.held + stock.paid} aria-label="Sold of stock" />
      </Figure>
      <Figure name="left" label="Left" value={grouped(stock.available)}>
        {grouped(stock.held)} held · {grouped(stock.paid)} paid{stock.returned > 0 && ` · ${grouped(stock.returned)} came back`}
      </Figure>
      <Figure name="estimate" label="Sold out in, about" value={estimate(now)}>
        {soldOutAt ? `at ${timeOfDay(Date.parse(soldOutAt))}` : 'at the last second’s pace'}
      </Figure>
      <Figure name="rate" label="Arriving" value={rates.value ? brief(rates.value.arrived) : none} unit="/s">
        {rates.value ? `${brief(rates.value.won)} won /s` : 'measuring'}
      </Figure>
      <Figure name="p99" label="p50 / p99" tone={over ? 'over' : ''}
        value={p99 === null ? none : `${duration(rates.value!.p50!)} / ${duration(p99)}`}>
        {over ? '▲ over the limit of' : 'limit'}{' '}
        <label><span class="sr">Limit for p99 in milliseconds</span>
          <input class="limit num" type="number" min="1" step="1" value={limitMs.value} onChange={(event) => setLimit(event.currentTarget.value)} /></label> ms
      </Figure>
    </dl>
  );
}

function Step({ name, label, value, most, note }: { name: string; label: string; value: number; most: number; note?: string }) {
  return (
    <li>
      <span class="step-label">{label}</span>
      <b class="num" data-figure={name}>{grouped(value)}</b>
      <span class="bar" aria-hidden="true"><i style={{ width: `${(100 * value) / Math.max(1, most)}%` }} /></span>
      {note && <span class="note">{note}</span>}
    </li>
  );
}

// This process counts whom it answered; the ledger and the rows know all, also of others and of before.
function Funnel({ now }: { now: Snapshot }) {
  const { funnel, state } = now;
  const won = funnel.outcomes['won'] ?? 0;
  const most = Math.max(funnel.arrived, funnel.orders);
  const told = won < funnel.orders ? `${grouped(won)} of them told by this process` : '';
  return (
    <section class="panel" aria-labelledby="funnel">
      <h2 id="funnel">Funnel</h2>
      <ol class="funnel">
        <Step name="arrived" label="arrived" value={funnel.arrived} most={most} />
        <Step name="admitted" label="admitted" value={funnel.admitted} most={most} />
        <Step name="won" label="won" value={funnel.orders} most={most} note={told} />
        {funnel.orders_stored !== undefined && (
          <Step name="stored" label="stored" value={funnel.orders_stored} most={most} note={`as of record ${grouped(funnel.orders_stored_at!)}`} />
        )}
        <Step name="paid" label="paid, units" value={funnel.units_paid} most={most} />
      </ol>
      <p class="soft">arrived and admitted: answered by this process since {timeOfDay(Date.parse(state.since))}; the rest: ever.</p>
    </section>
  );
}

const given = new Set(['won', 'replayed']);

function Refusals({ now }: { now: Snapshot }) {
  const refused = Object.entries(now.funnel.outcomes).filter(([name]) => !given.has(name)).sort((a, b) => b[1] - a[1]);
  return (
    <section class="panel" aria-labelledby="refused">
      <h2 id="refused">Refused, by kind</h2>
      <table>
        <tbody>
          {refused.length === 0 && <tr><td>nobody yet</td></tr>}
          {refused.map(([name, count]) => (
            <tr key={name}><th scope="row">{name}</th><td class="num" data-figure={`refused-${name}`}>{grouped(count)}</td></tr>
          ))}
        </tbody>
      </table>
      <p class="soft">asked again and given the same: {grouped(now.funnel.outcomes['replayed'] ?? 0)}</p>
    </section>
  );
}

function Rows({ now }: { now: Snapshot }) {
  const { health, funnel } = now;
  const last = rates.value;
  const facts: [string, string, string][] = [
    ['pending', 'Orders not stored yet', funnel.orders_stored === undefined ? elsewhere : grouped(funnel.orders - funnel.orders_stored)],
    ['lag', 'Records behind', health.rows_at === undefined ? elsewhere : grouped(health.durable - health.rows_at)],
    ['delay', 'From journal to row', last?.storeDelayMs == null ? none : duration(last.storeDelayMs * 1000)],
    ['waiting', 'Asks waiting', grouped(health.waiting)],
    ['turn', 'Records in a turn', last?.turn == null ? none : brief(last.turn)],
    ['flush', 'Flush', last?.flushUs == null ? none : duration(last.flushUs)],
    ['unsure', 'Outcomes unsure', grouped(health.unsure)],
    ['connections', 'Connections', grouped(health.connections)],
  ];
  return (
    <section class="panel" aria-labelledby="rows">
      <h2 id="rows">Rows and turns</h2>
      <table><tbody>
        {facts.map(([name, label, value]) => <tr key={name}><th scope="row">{label}</th><td class="num" data-figure={name}>{value}</td></tr>)}
      </tbody></table>
      <p class="soft">means are of the last second</p>
    </section>
  );
}

function Checks({ health }: { health: Health }) {
  return (
    <section class="panel" aria-labelledby="health">
      <h2 id="health">Parts</h2>
      <ul class="checks">
        <li class={health.ready ? 'pass' : 'fail'}><i aria-hidden="true">{health.ready ? '✓' : '✗'}</i><b>http</b> {health.ready ? 'ready to sell' : 'not ready'}</li>
        {health.checks.map((check) => (
          <li key={check.name} class={check.pass ? 'pass' : 'fail'}>
            <i aria-hidden="true">{check.pass ? '✓' : '✗'}</i><b>{check.name}</b> <span class="sr">{check.pass ? 'fine' : 'not well'}</span>{check.says}
            {check.repair && <p>repair: {check.repair}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2_000);
    } catch {
      setCopied(false); // not allowed here: the text can be marked by hand
    }
  };
  return <li><code>{text}</code><button onClick={() => void copy()} aria-label={`Copy: ${text}`}>{copied ? 'Copied' : 'Copy'}</button></li>;
}

function Commands({ sale }: { sale: string }) {
  const server = location.origin;
  return (
    <section class="panel" aria-labelledby="commands">
      <h2 id="commands">From a terminal</h2>
      <ul class="commands">
        <Command text={`seckill drill ${sale} --server ${server} --users 2000 --over 5s`} />
        <Command text={`seckill audit ${sale}`} />
        <Command text="seckill doctor" />
      </ul>
    </section>
  );
}

function TokenDialog() {
  const [text, setText] = useState('');
  if (tokenAsked.value === 'no') return null;
  return (
    <Dialog title="The operator’s token">
      <form onSubmit={(event) => (event.preventDefault(), text && giveToken(text))}>
        <p>{tokenAsked.value === 'wrong' ? 'This token is not known here, or may not do that.' : 'Only a browser on the server’s own machine needs none.'} It is in <code>admin.token</code>, in the journal’s directory.</p>
        <label>Token<input type="password" value={text} onInput={(event) => setText(event.currentTarget.value)} autoComplete="off" autoFocus /></label>
        <p class="soft">Kept until this tab is closed.</p>
        <div class="ends"><button class="main">Go on</button></div>
      </form>
    </Dialog>
  );
}

const stockLines = [{ label: 'left', of: (p: { left: number | null }) => p.left, colour: '--line-1', fill: true }];
const rateLines = [
  { label: 'arrived', of: (p: { arrived: number | null }) => p.arrived, colour: '--line-2', fill: true },
  { label: 'won', of: (p: { won: number | null }) => p.won, colour: '--line-1' },
];
const latencyLines = [
  { label: 'p99', of: (p: { p99: number | null }) => p.p99, colour: '--line-1' },
  { label: 'p50', of: (p: { p50: number | null }) => p.p50, colour: '--line-2' },
];

function Live({ now }: { now: Snapshot }) {
  return (
    <div class={link.value === 'live' ? 'grid' : 'grid stale'}>
      <div class="headline"><h1>{now.state.sale.title || now.state.sale.id}</h1><a href={`/s/${now.state.sale.id}`}>shop page</a><Acts sale={now.state.sale} /></div>
      {link.value !== 'live' && <p class="stale-note" role="alert">{links[link.value]}. What you see is as of {timeOfDay(now.stock.as_of_ms)}.</p>}
      <Figures now={now} />
      <Chart title="Units left" unit="" lines={stockLines} show={brief} />
      <Chart title="Rate, per second" unit="/s" lines={rateLines} show={brief} />
      <Chart title="Decided within, ms" unit="ms" lines={latencyLines} show={brief} limit={() => limitMs.value} />
      <Funnel now={now} />
      <Refusals now={now} />
      <Rows now={now} />
      <Checks health={now.health} />
      <Orders key={now.state.sale.id} sale={now.state.sale.id} />
      <Commands sale={now.state.sale.id} />
    </div>
  );
}

function Empty() {
  const isEmpty = loaded.value && sales.value.length === 0;
  return (
    <div class="empty panel">
      <h1>{isEmpty ? 'No sale yet' : 'Waiting for figures…'}</h1>
      {isEmpty && <p>Create one here, or from a terminal: <code>seckill sale create car --stock 100</code></p>}
    </div>
  );
}

function Page() {
  useEffect(() => void loadSales(), []);
  useEffect(() => (chosen.value ? follow(chosen.value) : undefined), [chosen.value]);
  // Sales that others create, and a server that was away.
  useEffect(() => {
    const timer = setInterval(() => void loadSales(), 5_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <Top />
      <main>{chosen.value && snapshot.value ? <Live key={chosen.value} now={snapshot.value} /> : <Empty />}</main>
      <p class="sr" role="status">{done.value}</p>
      <ActDialog />
      <TokenDialog />
    </>
  );
}

render(<Page />, document.querySelector('#ops')!);
