// What an operator does to a sale: first a preview of what it means, and where it hurts the sale's
// name has to be typed.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { grouped } from '../common/format';
import type { Sale } from './figures';
import { ask, choose, loadSales, snapshot } from './server';

type Verb = 'start' | 'pause' | 'resume' | 'restock' | 'close';
export const act = signal<Verb | 'create' | null>(null);
export const done = signal(''); // what was done last, for all to hear

interface Meaning {
  label: string;
  when: (sale: Sale) => boolean;
  means: (sale: Sale) => string;
  hurts?: boolean;
}

const left = (sale: Sale) => `${grouped(sale.available)} of ${grouped(sale.stock - sale.withdrawn)} units are left`;

export const meanings: Record<Verb, Meaning> = {
  start: {
    label: 'Start now',
    when: (sale) => sale.state === 'scheduled',
    means: (sale) => `It opens at once, not at ${new Date(sale.starts_at).toLocaleString()}. ${left(sale)}.`,
  },
  pause: {
    label: 'Pause',
    when: (sale) => sale.state === 'open',
    means: (sale) => `Nobody can buy until it is resumed; buyers are told that it is paused. ${left(sale)}. Holds run on, payments still land.`,
  },
  resume: {
    label: 'Resume',
    when: (sale) => sale.state === 'paused',
    means: (sale) => `Buyers can buy again, at once. ${left(sale)}.`,
  },
  restock: {
    label: 'Restock',
    when: (sale) => !['closed', 'retired'].includes(sale.state),
    means: (sale) => `${left(sale)}. More are put on sale at once. Stock never shrinks again.`,
  },
  close: {
    label: 'Close',
    when: (sale) => !['closed', 'retired'].includes(sale.state),
    means: (sale) =>
      `The sale ends for good: it can never be opened again. ${left(sale)} and stay unsold. ` +
      `${grouped(sale.held)} are held and can still be paid.`,
    hurts: true,
  },
};

export function Acts({ sale }: { sale: Sale }) {
  return (
    <div class="acts" role="group" aria-label="Acts">
      {(Object.keys(meanings) as Verb[])
        .filter((verb) => meanings[verb].when(sale))
        .map((verb) => (
          <button key={verb} class={meanings[verb].hurts ? 'danger' : ''} onClick={() => (act.value = verb)}>
            {meanings[verb].label}
          </button>
        ))}
    </div>
  );
}

export function ActDialog() {
  const what = act.value;
  const sale = snapshot.value?.state.sale;
  if (what === 'create') return <Create />;
  return what && sale ? <Confirm key={`${what}-${sale.id}`} verb={what} sale={sale} /> : null;
}

export function Dialog({ title, children, onClose }: { title: string; children: preact.ComponentChildren; onClose?: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current!.showModal();
  }, []);
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onCancel={(event) => (event.preventDefault(), onClose?.())}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

// Runs it, shows what the server says, and keeps the dialog open when that is no.
function useCarryOut() {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');
  const carryOut = async (what: () => Promise<string>) => {
    setBusy(true);
    setWrong('');
    try {
      done.value = await what();
      act.value = null;
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return { busy, wrong, carryOut };
}

function Confirm({ verb, sale: live }: { verb: Verb; sale: Sale }) {
  const [sale] = useState(live); // what the operator saw is what he agrees to
  const [typed, setTyped] = useState('');
  const [units, setUnits] = useState('');
  const { busy, wrong, carryOut } = useCarryOut();
  const { label, means, hurts } = meanings[verb];
  const more = Number(units);
  const counted = verb === 'restock';
  const ready = (!hurts || typed === sale.id) && (!counted || (Number.isInteger(more) && more > 0));
  const go = () =>
    carryOut(async () => {
      // The version that was previewed, or not at all: another change may have come first.
      await ask(`/api/v1/sales/${sale.id}/${verb}`, {
        method: 'POST',
        headers: { 'If-Match': `"${sale.version}"` },
        ...(counted ? { body: JSON.stringify({ units: more }) } : {}),
      });
      return `${label}: done for ${sale.id}.`;
    });
  return (
    <Dialog title={`${label}: ${sale.title || sale.id}`} onClose={() => (act.value = null)}>
      <form onSubmit={(event) => (event.preventDefault(), ready && void go())}>
        <p>{means(sale)}</p>
        {counted && (
          <label>Units to add
            <input inputMode="numeric" value={units} onInput={(event) => setUnits(event.currentTarget.value)} autoFocus />
          </label>
        )}
        {counted && ready && <p class="preview">Then {grouped(sale.available + more)} are left of {grouped(sale.stock - sale.withdrawn + more)}.</p>}
        {hurts && (
          <label><span>Type <b>{sale.id}</b> to go on</span>
            <input value={typed} onInput={(event) => setTyped(event.currentTarget.value)} autoComplete="off" spellcheck={false} autoFocus />
          </label>
        )}
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        <div class="ends">
          <button type="button" onClick={() => (act.value = null)}>Leave it</button>
          <button class={hurts ? 'danger main' : 'main'} disabled={!ready || busy}>{label}</button>
        </div>
      </form>
    </Dialog>
  );
}

const fields: { name: string; label: string; hint?: string; required?: boolean; type?: string; pattern?: string }[] = [
  { name: 'id', label: 'Name', hint: 'for URLs: letters, digits, - and _', required: true, pattern: '[A-Za-z0-9_\\-]{1,64}' },
  { name: 'title', label: 'Title', hint: 'what buyers read' },
  { name: 'stock', label: 'Stock', required: true, pattern: '[1-9][0-9]{0,7}' },
  { name: 'per_buyer', label: 'Per buyer', hint: 'empty: no limit', pattern: '[0-9]{1,8}' },
  { name: 'price', label: 'Price', hint: 'in major units: 9.90', pattern: '[0-9]{1,12}([.][0-9]{1,2})?' },
  { name: 'currency', label: 'Currency', hint: 'as CNY', pattern: '[A-Z]{3}' },
  { name: 'hold', label: 'Minutes to pay', hint: 'empty: a win is final at once', pattern: '[0-9]{1,5}' },
  { name: 'starts', label: 'Starts', hint: 'empty: now', type: 'datetime-local' },
];

type Wish = Record<string, string>;

export function bodyOf(wish: Wish): Record<string, string | number> {
  const body: Record<string, string | number> = { id: wish['id'] ?? '', stock: Number(wish['stock']) };
  if (wish['title']) body['title'] = wish['title'];
  if (wish['per_buyer']) body['per_buyer'] = Number(wish['per_buyer']);
  if (wish['price']) body['price_minor'] = Math.round(Number(wish['price']) * 100);
  if (wish['currency']) body['currency'] = wish['currency'];
  if (wish['hold']) body['hold_s'] = Number(wish['hold']) * 60;
  if (wish['starts']) body['starts_at'] = new Date(wish['starts']).toISOString();
  return body;
}

function Create() {
  const [wish, setWish] = useState<Wish>({});
  const { busy, wrong, carryOut } = useCarryOut();
  const body = bodyOf(wish);
  const go = () =>
    carryOut(async () => {
      await ask('/api/v1/sales', { method: 'POST', body: JSON.stringify(body) });
      await loadSales();
      choose(wish['id']!);
      return `${wish['id']} is created.`;
    });
  const means =
    `${grouped(Number(body['stock']) || 0)} units of ${wish['title'] || wish['id'] || '…'}, ` +
    `open ${wish['starts'] ? `from ${new Date(wish['starts']).toLocaleString()}` : 'at once'}, ` +
    `${Number(wish['per_buyer']) ? `at most ${wish['per_buyer']} for one buyer` : 'no limit per buyer'}, ` +
    `${Number(wish['hold']) ? `${wish['hold']} minutes to pay` : 'final at once'}.`;
  return (
    <Dialog title="Create a sale" onClose={() => (act.value = null)}>
      <form onSubmit={(event) => (event.preventDefault(), void go())}>
        <div class="fields">
          {fields.map(({ name, label, hint, ...more }) => (
            <label key={name}>{label}{hint && <small>{hint}</small>}
              <input {...(more as object)} name={name} autoComplete="off" onInput={(event) => setWish({ ...wish, [name]: event.currentTarget.value })} />
            </label>
          ))}
        </div>
        <p class="preview">{means}</p>
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        <div class="ends">
          <button type="button" onClick={() => (act.value = null)}>Leave it</button>
          <button class="main" disabled={busy}>Create</button>
        </div>
      </form>
    </Dialog>
  );
}
