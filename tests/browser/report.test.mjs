// The report of a real drill: one file, opened from disk with no network at all, whole, readable by
// everybody, and fit for paper. And the front page, which leads a person to everything else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { binary, desktop, lookAt, lookAtOnPaper, phone, stage, visitor } from './harness.mjs';

const parts = ['Thresholds', 'Conditions', 'Stock', 'Funnel', 'Latency', 'Pace of the crowd', 'Outcomes', 'Fairness',
  'Server side', 'Audit', 'Against the last run'];

const { shop, browser } = await stage();

const ended = (program) => new Promise((done) => program.once('exit', done));
async function drill(directory) {
  const code = await ended(shop.run('drill', 'car', '--users', '600', '--over', '1s', '--double-click', '20%',
    '--threshold', 'errors==0', '--seed', '7', '--no-tui', '--out', directory));
  assert.equal(code, 0);
}
async function audit(directory) {
  const program = spawn(binary, ['audit', 'car', '--journal', `file:${join(shop.directory, 'data')}`, '--wait', '60s',
    '--drill', directory], { cwd: shop.directory, stdio: 'ignore' });
  assert.equal(await ended(program), 0);
}

test('opens from disk with the network off, whole, in light, dark and on paper', async () => {
  await shop.create({ id: 'car', title: 'Car', stock: 100, price_minor: 990, currency: 'CNY' });
  await drill('runs/1');
  await shop.call('POST', '/api/v1/sales/car/restock', { units: 50 }, { 'If-Match': `"${(await shop.sale('car')).version}"` });
  await drill('runs/2');
  await audit('runs/2');
  const file = join(shop.directory, 'runs/2/report.html');
  assert.ok(existsSync(file));

  const person = await visitor(browser, { viewport: desktop, offline: true });
  const page = await person.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  assert.deepEqual(asked, [pathToFileURL(file).href], 'one file is all there is');
  assert.match(await page.innerText('h1'), /^✓ The sale held: .* proven by the audit.*\sMeasured on /s);
  const heads = await page.locator('h2').allInnerTexts();
  assert.deepEqual(heads.map((head) => head.replace(/^\d+\s*/, '')), parts);
  for (const section of await page.locator('section').all()) {
    const said = await section.innerText();
    assert.ok(said.split('\n').length > 2, `a part that says nothing: ${said}`);
  }
  assert.equal(await page.locator('section svg').count(), 9);
  await lookAt(page, 'report');
  await page.setViewportSize(phone);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scrolling');
  await lookAt(page, 'report-phone');
  await page.setViewportSize(desktop);
  await lookAtOnPaper(page, 'report');
  await person.close();
});

test('the front page leads to the sales, to /ops and to what is said of the API', async () => {
  const person = await visitor(browser);
  const page = await person.newPage();
  await page.goto(shop.url);
  await lookAt(page, 'front');
  await page.click('text=简体中文');
  await page.waitForSelector('h1:has-text("正在销售")');
  await lookAt(page, 'front-zh');
  await page.click('text=English');
  for (const path of ['/ops', '/docs/problems', '/openapi.yaml', '/metrics', '/livez', '/readyz']) {
    const reply = await fetch(shop.url + await page.getAttribute(`a[href="${path}"]`, 'href'));
    assert.equal(reply.status, 200, path);
  }
  await page.click('.sales a');
  await page.waitForSelector('#shop h1:has-text("Car")');
  await person.close();
});
