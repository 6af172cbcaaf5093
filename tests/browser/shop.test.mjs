// The shop page through all its states, in a real browser against a real server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Wire, desktop, lookAt, lookAtWithoutScripts, stage, until, visitor } from './harness.mjs';

const { shop, browser } = await stage();

let count = 0;
// A sale of this test alone.
async function sale(terms = {}) {
  const id = `s${(count += 1)}`;
  await shop.create({ id, title: 'Phone', stock: 3, per_buyer: 1, hold_s: 900, price_minor: 199900,
    currency: 'CNY', ...terms });
  return id;
}
const change = (id, verb) => shop.call('POST', `/api/v1/sales/${id}/${verb}`);
const inView = (page, view) => page.waitForSelector(`main[data-view="${view}"][data-ask=""]`);
const button = (page) => page.locator('#button');
async function open(id, options) {
  const person = await visitor(browser, options);
  const page = await person.newPage();
  await page.goto(`${shop.url}/s/${id}`);
  return page;
}
async function buyOn(page) {
  await button(page).click();
  await inView(page, 'held');
}

test('counts down, opens by itself, sells, is paid at the stand-in till', async () => {
  const id = await sale({ starts_at: new Date(Date.now() + 15_000).toISOString() });
  const page = await open(id);
  assert.equal(await page.getAttribute('main', 'data-view'), 'scheduled');
  await page.waitForFunction(() => /^00:00:\d\d$/.test(document.querySelector('[data-slot=count]').textContent));
  assert.ok(await button(page).isDisabled());
  assert.equal((await button(page).innerText()).trim(), 'Not open yet');
  await lookAt(page, 'shop-scheduled');
  await inView(page, 'open');
  assert.equal(await page.textContent('#announce'), 'It is time.');
  await lookAt(page, 'shop-open');
  await page.evaluate(() => {
    const shop = document.querySelector('#shop');
    new MutationObserver(() => {
      if (shop.dataset.view === 'held') window.firstHold ??= document.querySelector('[data-slot=hold]').textContent;
    }).observe(shop, { attributes: true });
  });
  await buyOn(page);
  assert.match(await page.innerText('.result[data-v=held]'), /You have one!\s+You are no\. 1/);
  assert.match(await page.evaluate(() => window.firstHold), /^1[45]:\d\d$/, 'the hold counts from the first sight');
  await lookAt(page, 'shop-won');
  await page.click('text=Pay now');
  await page.waitForSelector('h1:has-text("Stand-in till")');
  await lookAt(page, 'till');
  await page.click('button[value="1"]');
  await page.waitForSelector('[data-n=applied]');
  await page.click('button[value="2"]');
  await page.waitForSelector('[data-n=refund]');
  await lookAt(page, 'till-refund');
  await page.click('text=Back to the sale');
  await inView(page, 'paid');
  await lookAt(page, 'shop-paid');
  assert.equal((await shop.sale(id)).paid, 1);
  await page.context().close();
});

test('says so when the server opens it before its time', async () => {
  const id = await sale({ starts_at: new Date(Date.now() + 3_600_000).toISOString() });
  const page = await open(id);
  await inView(page, 'scheduled');
  await change(id, 'start');
  await inView(page, 'open');
  assert.equal(await page.textContent('#announce'), 'It is time.');
  await page.context().close();
});

test('a double click, and two tabs of one buyer, buy once', async () => {
  const id = await sale({ per_buyer: 2 });
  const page = await open(id);
  const tab = await page.context().newPage();
  await tab.goto(`${shop.url}/s/${id}`);
  await page.bringToFront();
  // At times set beforehand and by the pages' own clocks: however late this machine is, no click
  // comes long after the answer to another.
  const at = Date.now() + 1_500;
  const clickAt = (times) => [document.querySelector('#button'), ...times].reduce((element, time) => (
    setTimeout(() => element.click(), time - Date.now()), element));
  await Promise.all([page.evaluate(clickAt, [at, at + 120]), tab.evaluate(clickAt, [at])]);
  await inView(page, 'held');
  await tab.bringToFront();
  await inView(tab, 'held');
  assert.equal((await shop.sale(id)).orders, 1);
  // Giving back in one tab is seen in the other.
  await tab.click('summary');
  await tab.click('text=Yes, give it back');
  await inView(tab, 'open');
  await page.bringToFront();
  await inView(page, 'open');
  assert.equal(await page.getAttribute('main', 'data-note'), 'cancelled');
  await page.context().close();
});

test('a lost reply is asked for again, and so is one that a reload has cut off', async () => {
  const id = await sale();
  const wire = await new Wire().start(shop.port);
  const person = await visitor(browser);
  const page = await person.newPage();
  await page.goto(`${wire.url}/s/${id}`);
  wire.losses = 1_000; // a browser tries again by itself a few times
  await button(page).click();
  await page.waitForSelector('main[data-ask=again]');
  await lookAt(page, 'shop-asking-again');
  wire.losses = 0;
  await inView(page, 'held');
  assert.equal((await shop.sale(id)).orders, 1);
  // The same with a reload in the middle.
  const other = await visitor(browser);
  const second = await other.newPage();
  await second.goto(`${wire.url}/s/${id}`);
  wire.losses = 1_000;
  await button(second).click();
  await until(async () => (await shop.sale(id)).orders === 2, 'the order nobody heard of');
  await second.reload();
  wire.losses = 0;
  await inView(second, 'held');
  assert.equal((await shop.sale(id)).orders, 2);
  assert.equal(await second.evaluate(() => sessionStorage.length), 0);
  await person.close();
  await other.close();
  wire.stop();
});

test('going away and back shows the truth', async () => {
  const id = await sale();
  const page = await open(id);
  await buyOn(page);
  await page.goto(`${shop.url}/docs/problems`);
  await page.goBack();
  await inView(page, 'held');
  assert.equal((await shop.sale(id)).orders, 1);
  await page.context().close();
});

test('sold out for now, then open again at once when a unit returns', async () => {
  const id = await sale({ stock: 1 });
  const winner = await shop.buy(id, 'bob');
  const page = await open(id);
  assert.equal(await page.getAttribute('main', 'data-view'), 'sold-out');
  await lookAt(page, 'shop-sold-out');
  await shop.call('POST', `/api/v1/orders/${winner.id}/cancel`);
  await inView(page, 'open');
  await shop.buy(id, 'carl');
  await button(page).evaluate((element) => element.click());
  await page.waitForFunction(() => document.querySelector('main').dataset.view === 'sold-out');
  await page.context().close();
});

test('being too late is said in words', async () => {
  const id = await sale({ stock: 1 });
  const page = await open(id);
  await page.route('**/api/v1/sales/**', (route) => route.abort()); // it must learn by asking
  await shop.buy(id, 'bob');
  await button(page).click();
  await page.waitForSelector('main[data-note=missed]');
  assert.ok(await page.locator('[data-n=missed]').isVisible());
  await page.unroute('**/api/v1/sales/**');
  await lookAt(page, 'shop-missed');
  await page.context().close();
});

test('a hold that runs out goes back on sale', async () => {
  const id = await sale({ hold_s: 15 });
  const page = await open(id);
  await buyOn(page);
  await page.waitForSelector('main[data-view=open][data-note=expired]');
  await lookAt(page, 'shop-expired');
  await page.context().close();
});

test('paused, on again, closed, and a server that is away', async () => {
  const id = await sale();
  const page = await open(id);
  await inView(page, 'open');
  await change(id, 'pause');
  await inView(page, 'paused');
  await lookAt(page, 'shop-paused');
  await change(id, 'resume');
  await inView(page, 'open');
  await page.context().setOffline(true);
  await page.waitForSelector('main[data-note=offline]');
  await lookAt(page, 'shop-offline');
  await page.context().setOffline(false);
  await page.waitForSelector('main[data-note=""]');
  await change(id, 'close');
  await inView(page, 'closed');
  await lookAt(page, 'shop-closed');
  await page.context().close();
});

test('final at once: yours, and another one if one wants', async () => {
  const id = await sale({ per_buyer: 2, hold_s: 0 });
  const page = await open(id);
  await button(page).click();
  await inView(page, 'kept');
  assert.equal((await button(page).innerText()).trim(), 'Buy another');
  assert.ok(await button(page).isDisabled(), 'a second click is no second wish');
  await lookAt(page, 'shop-kept');
  await button(page).click();
  await page.waitForFunction(() => document.querySelector('[data-v=kept] [data-slot=units]').textContent === '1, 2');
  assert.ok(await button(page).isHidden(), 'two is the limit');
  await page.context().close();
});

test('no more for who has had all that one person may have', async () => {
  const id = await sale();
  const page = await open(id);
  await page.evaluate(async (name) => {
    for (let n = 1; n <= 32; ++n) {
      for (const act of ['buy', 'give-back'])
        await fetch(`/s/${name}/${act}`, { method: 'POST', headers: { 'Idempotency-Key': `page-${n}` } });
    }
  }, id);
  await page.reload();
  await inView(page, 'limit');
  await lookAt(page, 'shop-limit');
  await page.context().close();
});

test('a client whose clock is an hour off counts the same seconds', async () => {
  const id = await sale({ starts_at: new Date(Date.now() + 300_000).toISOString() });
  for (const off of [-3_600_000, 3_600_000]) {
    const person = await visitor(browser);
    await person.addInitScript((by) => {
      const now = Date.now;
      Date.now = () => now() + by;
    }, off);
    const page = await person.newPage();
    await page.goto(`${shop.url}/s/${id}`);
    await page.waitForFunction(() => /^00:0\d:\d\d$/.test(document.querySelector('[data-slot=count]').textContent));
    const [, minutes, seconds] = (await page.textContent('[data-slot=count]')).split(':').map(Number);
    const left = (Date.parse((await shop.sale(id)).starts_at) - Date.now()) / 1000;
    const shown = minutes * 60 + seconds;
    assert.ok(shown - left >= -1 && shown - left < 10, `shown ${shown} s, left ${left} s`);
    await person.close();
  }
});

test('without scripts: bought, given back, bought and paid by plain forms', async () => {
  const id = await sale();
  const page = await open(id, { javaScriptEnabled: false });
  await lookAtWithoutScripts(page, 'shop-no-script');
  await button(page).click();
  await page.waitForSelector('main[data-view=held]');
  await lookAtWithoutScripts(page, 'shop-no-script-won');
  await page.reload();
  await page.click('summary');
  await page.click('text=Yes, give it back');
  await page.waitForSelector('main[data-view=open][data-note=cancelled]');
  await button(page).click();
  await page.click('text=Pay now');
  await page.click('button[value="1"]');
  await page.waitForSelector('main[data-note=applied]');
  const { paid, orders } = await shop.sale(id);
  assert.deepEqual({ paid, orders }, { paid: 1, orders: 2 });
  await page.context().close();
});

test('speaks Chinese to who asks for it, and can be switched', async () => {
  const id = await sale({ title: '新款手机' });
  const page = await open(id, { locale: 'zh-CN' });
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  assert.equal((await button(page).innerText()).trim(), '立即抢购');
  await lookAt(page, 'shop-zh');
  await buyOn(page);
  await lookAt(page, 'shop-zh-won');
  await page.click('text=English');
  await page.waitForSelector('html[lang=en]');
  await page.reload();
  assert.equal(await page.getAttribute('html', 'lang'), 'en', 'it is remembered');
  await page.context().close();
});

test('without a cookie nothing is sold, and the page says why', async () => {
  const id = await sale();
  const page = await open(id);
  await page.context().clearCookies();
  await button(page).click();
  await page.waitForSelector('main[data-note=no-cookie]');
  await lookAt(page, 'shop-no-cookie');
  assert.equal((await shop.sale(id)).orders, 0);
  await page.context().close();
});

test('on a desk, and for a sale that is not there', async () => {
  const id = await sale();
  const page = await open(id, { viewport: desktop });
  await lookAt(page, 'shop-desktop');
  await page.goto(`${shop.url}/s/nothing`);
  await lookAt(page, 'shop-lost');
  await page.context().close();
});

test('everything one presses is at least 44 px high', async () => {
  const id = await sale();
  const page = await open(id);
  await buyOn(page);
  for (const element of await page.locator('a:visible, button:visible, summary:visible').all()) {
    const box = await element.boundingBox();
    assert.ok(box.height >= 44, `${await element.innerText()}: ${box.height} px`);
  }
  await page.context().close();
});
