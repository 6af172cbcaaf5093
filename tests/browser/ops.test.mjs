// The live page in a real browser: its figures are the server's, in a rush, over a kill -9, and for
// an operator who is far away.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { desktop, lookAt, phone, stage, until, visitor } from './harness.mjs';

const { shop, browser } = await stage();

async function open(sale, options = {}) {
  const person = await visitor(browser, { viewport: desktop, ...options });
  const page = await person.newPage();
  await page.goto(`${shop.url}/ops#${sale}`);
  return page;
}
const live = (page) => page.waitForSelector('.link.live');
// All of one moment: read in one go.
const figures = (page) => page.evaluate(() => Object.fromEntries(
  [...document.querySelectorAll('[data-figure]')].map((e) => [e.dataset.figure, e.textContent.replaceAll(',', '')])));
async function metric(name) {
  const text = await (await fetch(`${shop.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line ? line.split(' ').at(-1) : undefined;
}

// What the page must show, from the API and /metrics alone.
async function wanted(sale) {
  const { held, paid, available, orders } = await shop.sale(sale);
  const pending = await metric(`seckill_orders_pending{sale="${sale}"}`);
  const soldOut = await metric(`seckill_attempts_total{sale="${sale}",outcome="sold-out"}`);
  return {
    sold: String(held + paid),
    left: String(available),
    admitted: await metric(`seckill_admitted_total{sale="${sale}"}`),
    won: String(orders),
    stored: String(orders - Number(pending)),
    paid: String(paid),
    pending,
    lag: await metric('seckill_consumer_lag_records'),
    ...(soldOut === undefined ? {} : { 'refused-sold-out': soldOut }),
  };
}
// Until the page shows what the server says: it is a tick behind, never wrong for longer.
async function shows(page, sale) {
  let last;
  await until(async () => {
    const [seen, must] = [await figures(page), await wanted(sale)];
    last = Object.entries(must).filter(([name, value]) => seen[name] !== value)
      .map(([name, value]) => `${name} ${seen[name]}, not ${value}`);
    return last.length === 0;
  }, 'the page that shows what the API says').catch((error) => {
    throw new Error(`${error.message}: ${last.join('; ')}`);
  });
}

test('during a drill it adds up at every moment, and ends at what the API says', async () => {
  await shop.create({ id: 'car', title: 'Car', stock: 100, price_minor: 990, currency: 'CNY' });
  const page = await open('car');
  await live(page);
  await lookAt(page, 'ops-before');
  const drill = shop.run('drill', 'car', '--users', '2000', '--over', '4s', '--no-tui', '--no-page', '--out', 'drill');
  const ended = new Promise((done) => drill.once('exit', done));
  let over = false;
  void ended.then(() => (over = true));
  let moments = 0;
  while (!over) {
    const seen = await figures(page);
    assert.equal(Number(seen.sold) + Number(seen.left), 100, JSON.stringify(seen));
    assert.ok(Number(seen.stored) <= Number(seen.won) && Number(seen.won) <= 100, JSON.stringify(seen));
    assert.match(seen['as-of'], /^\d\d:\d\d:\d\d\.\d{3}$/);
    moments += 1;
    await page.waitForTimeout(100);
  }
  assert.equal(await ended, 0);
  assert.ok(moments > 3);
  await shows(page, 'car');
  assert.equal((await figures(page)).arrived, '2000');
  assert.equal((await figures(page)).estimate, 'sold out');
  await lookAt(page, 'ops-after');
  await page.setViewportSize(phone);
  await lookAt(page, 'ops-phone');
  await page.setViewportSize(desktop);
  for (const summary of await page.locator('.chart summary').all()) await summary.click();
  await lookAt(page, 'ops-tables');
  await page.context().close();
});

test('after kill -9 and a restart it follows again, with a gap and no lie', async () => {
  await shop.create({ id: 'phone', stock: 10, per_buyer: 1, hold_s: 900 });
  const winner = await shop.buy('phone', 'ann');
  const page = await open('phone');
  await live(page);
  await shows(page, 'phone');
  const port = shop.port;
  await shop.ended('SIGKILL');
  await page.waitForSelector('.link.away');
  await page.waitForSelector('.stale-note');
  await lookAt(page, 'ops-away');
  await shop.start(port);
  await live(page);
  await shop.call('POST', `/api/v1/orders/${winner.id}/pay`, { payment_id: 'p1', amount_minor: 0 });
  await shop.buy('phone', 'bob');
  await shows(page, 'phone');
  const seen = await figures(page);
  assert.equal(seen.won, '2', 'the ledger remembers');
  assert.equal(seen.arrived, '1', 'this process has seen one');
  await page.locator('.chart summary').first().click();
  await page.waitForSelector('td:has-text("the server was started anew")');
  await lookAt(page, 'ops-restarted');
  await page.context().close();
});

test('creates, pauses, resumes, restocks and closes, each with a preview', async () => {
  await shop.create({ id: 'first', stock: 1 });
  const page = await open('first');
  await live(page);
  await page.click('text=Create a sale');
  await lookAt(page, 'ops-create');
  await page.fill('[name=id]', 'first');
  await page.fill('[name=stock]', '5');
  await page.click('dialog button.main');
  await page.waitForSelector('.wrong:has-text("A sale of this name is there")');
  await page.fill('[name=id]', 'lamp');
  await page.fill('[name=title]', 'Lamp');
  await page.fill('[name=per_buyer]', '2');
  await page.fill('[name=price]', '19.99');
  await page.fill('[name=currency]', 'EUR');
  await page.fill('[name=hold]', '10');
  assert.match(await page.innerText('.preview'), /5 units of Lamp, open at once, at most 2 for one buyer, 10 minutes to pay/);
  await page.click('dialog button.main');
  await page.waitForSelector('h1:has-text("Lamp")');
  const lamp = await shop.sale('lamp');
  assert.deepEqual([lamp.stock, lamp.per_buyer, lamp.price_minor, lamp.currency, lamp.hold_s], [5, 2, 1999, 'EUR', 600]);

  await page.click('.acts >> text=Pause');
  assert.match(await page.innerText('dialog'), /buyers are told that it is paused/);
  await lookAt(page, 'ops-pause');
  await page.click('dialog button.main');
  await page.waitForSelector('.pill.paused');
  assert.equal((await shop.sale('lamp')).state, 'paused');
  await page.click('.acts >> text=Resume');
  await page.click('dialog button.main');
  await page.waitForSelector('.pill.open');

  await page.click('.acts >> text=Restock');
  await page.fill('dialog input', '7');
  assert.match(await page.innerText('.preview'), /Then 12 are left of 12/);
  // Another operator was faster: what was previewed is not what would happen.
  await shop.call('PATCH', '/api/v1/sales/lamp', { title: 'Big lamp' });
  await page.click('dialog button.main');
  await page.waitForSelector('.wrong:has-text("The sale has changed")');
  await page.click('text=Leave it');
  await page.waitForSelector('h1:has-text("Big lamp")');
  await page.click('.acts >> text=Restock');
  await page.fill('dialog input', '7');
  await page.click('dialog button.main');
  await page.waitForFunction(() => document.querySelector('[data-figure=left]').textContent === '12');

  await page.click('.acts >> text=Close');
  assert.ok(await page.isDisabled('dialog button.main'));
  await page.fill('dialog input', 'lam');
  assert.ok(await page.isDisabled('dialog button.main'), 'the whole name');
  await page.fill('dialog input', 'lamp');
  await lookAt(page, 'ops-close');
  await page.click('dialog button.main');
  await page.waitForSelector('.pill.closed');
  assert.equal((await shop.sale('lamp')).state, 'closed');
  await page.context().close();
});

test('shows orders by buyer and state, page by page, as of a position', async () => {
  await shop.create({ id: 'many', stock: 300, hold_s: 900 });
  for (let i = 0; i < 250; i += 25)
    await Promise.all(Array.from({ length: 25 }, (_, n) => shop.buy('many', `b${i + n}`)));
  await until(async () => (await metric('seckill_orders_pending{sale="many"}')) === '0', 'the rows');
  const page = await open('many');
  await live(page);
  await page.click('.filter button');
  await page.waitForSelector('.orders [role=status]:has-text("1 to 100")');
  assert.match(await page.innerText('.orders [role=status]'), /rows as of record \d+/);
  await page.click('.orders >> text=More');
  await page.waitForSelector('.orders [role=status]:has-text("101 to 200")');
  await page.click('.orders >> text=More');
  await page.waitForSelector('.orders [role=status]:has-text("201 to 250")');
  assert.ok(await page.isDisabled('.orders >> text=More'));
  await page.fill('.filter input', 'b7');
  await page.click('.filter button');
  await page.waitForSelector('.orders [role=status]:has-text("1 to 1 ")');
  assert.equal(await page.locator('.orders tbody tr').count(), 1);
  await page.selectOption('.filter select', 'paid');
  await page.click('.filter button');
  await page.waitForSelector('.orders [role=status]:has-text("None.")');
  await lookAt(page, 'ops-orders');
  await page.context().close();
});

test('with ten thousand orders it shows a hundred at a time, and follows on', async () => {
  await shop.create({ id: 'big', stock: 10_000 });
  const drill = shop.run('drill', 'big', '--users', '10000', '--over', '5s', '--retries', '20', '--timeout', '120s', '--no-tui', '--no-page', '--out', 'big');
  assert.equal(await new Promise((done) => drill.once('exit', done)), 0);
  await until(async () => (await metric('seckill_orders_pending{sale="big"}')) === '0', 'the rows');
  const page = await open('big');
  await live(page);
  await shows(page, 'big');
  assert.equal((await figures(page)).sold, '10000');
  await page.click('.filter button');
  for (let from = 1; from <= 901; from += 100) {
    const before = (await figures(page))['as-of'];
    await page.waitForSelector(`.orders [role=status]:has-text("${from.toLocaleString('en')} to ${(from + 99).toLocaleString('en')} ")`);
    assert.equal(await page.locator('.orders tbody tr').count(), 100, 'never more than a page of them');
    await page.waitForFunction((was) => document.querySelector('[data-figure=as-of]').textContent !== was, before);
    await page.click('.orders >> text=More');
  }
  await lookAt(page, 'ops-orders-many');
  // The whole list, by the API, as a program would read it: each order once.
  const seen = new Set();
  for (let after = '', more = true; more;) {
    const part = await shop.call('GET', `/api/v1/sales/big/orders?limit=1000${after && `&starting_after=${after}`}`);
    for (const order of part.orders) seen.add(order.id);
    after = part.orders.at(-1).id;
    more = part.has_more;
  }
  assert.equal(seen.size, 10_000);
  await page.context().close();
});

test('asks a far operator for the token once, and puts it into no URL', async () => {
  await shop.create({ id: 'far', stock: 5 });
  const token = readFileSync(join(shop.directory, 'data/admin.token'), 'utf8').trim();
  const person = await visitor(browser, { viewport: desktop, extraHTTPHeaders: { 'X-Forwarded-For': '198.51.100.7' } });
  const page = await person.newPage();
  const urls = [];
  page.on('request', (request) => urls.push(request.url()));
  await page.goto(`${shop.url}/ops#far`);
  await page.waitForSelector('dialog:has-text("The operator’s token")');
  await lookAt(page, 'ops-token');
  await page.fill('dialog input', 'wrong');
  await page.click('dialog button.main');
  await page.waitForSelector('dialog:has-text("This token is not known here")');
  await page.fill('dialog input', token);
  await page.click('dialog button.main');
  await live(page);
  await page.reload();
  await live(page);
  assert.equal(await page.locator('dialog').count(), 0, 'asked once');
  await page.click('.acts >> text=Pause');
  await page.click('dialog button.main');
  await page.waitForSelector('.pill.paused');
  assert.ok(urls.length > 5 && urls.every((url) => !url.includes(token)));
  await person.close();
});
