// The pictures: /ops in mid-rush, the shop page of a winner on a phone, and what `seckill demo` printed.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shop, desktop, openBrowser, phone, until, visitor } from '../tests/browser/harness.mjs';

const out = process.argv[2];
const browser = await openBrowser();
const shop = await new Shop().start();
const sold = (page) => page.evaluate(() => Number(document.querySelector('[data-figure=sold]')?.textContent.replace(',', '')));

try {
  await shop.create({ id: 'car', title: 'Car', stock: 2000, price_minor: 990, currency: 'CNY' });
  const person = await visitor(browser, { viewport: { ...desktop, height: 1040 } });
  const ops = await person.newPage();
  await ops.goto(`${shop.url}/ops#car`);
  await ops.waitForSelector('.link.live');
  const drill = spawn(process.env.SECKILL_BINARY, ['drill', 'car', '--server', shop.url, '--users', '9000', '--over', '20s',
    '--no-tui', '--no-page', '--out', join(shop.directory, 'drill')], { stdio: 'ignore' });
  await until(async () => (await sold(ops)) > 1200, 'the middle of the rush');
  await ops.screenshot({ path: join(out, 'ops.png') });
  await new Promise((done) => drill.once('exit', done));

  await shop.create({ id: 'phone', title: 'Phone', stock: 10, per_buyer: 1, hold_s: 900, price_minor: 199900, currency: 'CNY' });
  const buyer = await visitor(browser, { viewport: phone, deviceScaleFactor: 2 });
  const page = await buyer.newPage();
  await page.goto(`${shop.url}/s/phone`);
  await page.click('#button');
  await page.waitForSelector('main[data-view=held]');
  await page.getByText(/^\d\d:\d\d$/).waitFor(); // the hold counts down
  await page.screenshot({ path: join(out, 'shop.png') });

  // The demo's own words, as a terminal would show them.
  const directory = mkdtempSync(join(tmpdir(), 'seckill-demo-picture-'));
  const ran = spawnSync(process.env.SECKILL_BINARY, ['demo', '--once'], { cwd: directory, encoding: 'utf8' });
  rmSync(directory, { recursive: true });
  if (ran.status !== 0) throw new Error(`seckill demo ended with ${ran.status}: ${ran.stderr}`);
  const terminal = await (await visitor(browser, { deviceScaleFactor: 2 })).newPage();
  await terminal.setContent('<style>body{margin:0;display:inline-block;background:#16181d}pre{margin:0;padding:22px 26px;'
    + 'color:#e6e2da;font:15px/1.45 "DejaVu Sans Mono",monospace}</style><pre></pre>');
  await terminal.evaluate((text) => (document.querySelector('pre').textContent = text), `$ make demo\n${ran.stdout.trimEnd()}`);
  await terminal.locator('body').screenshot({ path: join(out, 'demo.png') });
} finally {
  await browser.close();
  await shop.stop();
}
