// Orders as the rows have them, a page at a time: as of a position, which may be a little behind.
import { useState } from 'preact/hooks';
import { grouped } from '../common/format';
import { ask } from './server';

interface OrderJson {
  id: string;
  buyer: string;
  quantity: number;
  state: string;
  held_at: string;
  paid_at?: string;
  ended_at?: string;
}
interface Page {
  orders: OrderJson[];
  has_more: boolean;
  as_of: number;
}

const pageSize = 100;
const states = ['', 'held', 'paid', 'cancelled', 'expired'];

export function Orders({ sale }: { sale: string }) {
  const [buyer, setBuyer] = useState('');
  const [state, setState] = useState('');
  const [page, setPage] = useState<Page | null>(null);
  const [trail, setTrail] = useState<string[]>([]); // where the pages before this one began
  const [wrong, setWrong] = useState('');
  const load = async (after: string, before: string[]) => {
    setWrong('');
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (buyer.trim()) query.set('buyer', buyer.trim());
    if (state) query.set('state', state);
    if (after) query.set('starting_after', after);
    try {
      const reply = await ask(`/api/v1/sales/${sale}/orders?${query}`);
      setPage((await reply.json()) as Page);
      setTrail([...before, after]);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  const last = page?.orders[page.orders.length - 1]?.id ?? '';
  return (
    <section class="panel orders" aria-labelledby="orders">
      <h2 id="orders">Orders</h2>
      <form class="filter" onSubmit={(event) => (event.preventDefault(), void load('', []))}>
        <label>Buyer<input value={buyer} placeholder="all" onInput={(event) => setBuyer(event.currentTarget.value)} autoComplete="off" spellcheck={false} /></label>
        <label>State
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            {states.map((each) => <option key={each} value={each}>{each || 'any'}</option>)}
          </select>
        </label>
        <button class="main">Show</button>
      </form>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      {page && (
        <>
          <p class="soft" role="status">
            {page.orders.length === 0 ? 'None.' : `${grouped((trail.length - 1) * pageSize + 1)} to ${grouped((trail.length - 1) * pageSize + page.orders.length)}`}
            {' '}· rows as of record {grouped(page.as_of)}
          </p>
          <div class="scroll tall" tabIndex={0} role="region" aria-label="List of orders">
            <table>
              <thead><tr><th scope="col">Buyer</th><th scope="col">State</th><th scope="col">Units</th><th scope="col">Held</th><th scope="col">Ended or paid</th><th scope="col">Order</th></tr></thead>
              <tbody>
                {page.orders.map((order) => (
                  <tr key={order.id}>
                    <th scope="row">{order.buyer}</th>
                    <td>{order.state}</td>
                    <td class="num">{order.quantity}</td>
                    <td class="num">{new Date(order.held_at).toLocaleString()}</td>
                    <td class="num">{order.paid_at || order.ended_at ? new Date((order.paid_at ?? order.ended_at)!).toLocaleString() : '–'}</td>
                    <td><code>{order.id}</code></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <div class="ends">
            <button disabled={trail.length < 2} onClick={() => void load(trail[trail.length - 2]!, trail.slice(0, -2))}>Before</button>
            <button disabled={!page.has_more} onClick={() => void load(last, trail)}>More</button>
          </div>
        </>
      )}
    </section>
  );
}
