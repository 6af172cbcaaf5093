// What the browser tests share: a real `seckill serve`, a real Chromium, axe, and pictures of what
// was seen. Waits are for events and long: the machine may be busy.
import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(join(source, 'web/package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const binary = process.env.SECKILL_BINARY ?? join(source, 'build/release/seckill');
const pictures = process.env.SECKILL_PICTURES ?? join(source, 'build/browser');
export const patience = 60_000;
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, text = 'it') {
  const end = Date.now() + patience;
  for (;;) {
    const found = await what();
    if (found) return found;
    assert.ok(Date.now() < end, `${text} did not come within ${patience} ms`);
    await pause(50);
  }
}

// One season in a directory of its own, removed at the end.
export class Shop {
  directory = mkdtempSync(join(tmpdir(), 'seckill-browser-'));
  async start(port = 0) {
    const portFile = join(this.directory, 'port');
    rmSync(portFile, { force: true });
    this.process = spawn(binary, ['serve', '--quiet', '--listen', `127.0.0.1:${port}`,
      '--journal', `file:${join(this.directory, 'data')}`, '--port-file', portFile],
      { cwd: this.directory, stdio: 'ignore' });
    this.port = await until(() => existsSync(portFile) && Number(readFileSync(portFile, 'utf8')), 'the port');
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }
  async ended(signal) {
    const gone = new Promise((done) => this.process.once('exit', done));
    this.process.kill(signal);
    await gone;
  }
  async stop() {
    await this.ended('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
  async call(method, path, body, headers = {}) {
    const reply = await fetch(this.url + path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const json = await reply.json();
    assert.ok(reply.ok, `${method} ${path}: ${JSON.stringify(json)}`);
    return json;
  }
  create(sale) {
    return this.call('POST', '/api/v1/sales', sale);
  }
  sale(name) {
    return this.call('GET', `/api/v1/sales/${name}`);
  }
  buy(sale, buyer, key = 'k') {
    return this.call('POST', `/api/v1/sales/${sale}/orders`, { buyer }, { 'Idempotency-Key': key });
  }
  run(...args) {
    return spawn(binary, [...args, '--server', this.url], { cwd: this.directory, stdio: 'ignore' });
  }
}

// Between browser and server: passes everything on, until it is told to lose the next reply to a
// buyer's POST. The server has heard it then, and the browser hears nothing.
export class Wire {
  losses = 0;
  async start(to) {
    this.server = net.createServer((near) => {
      const far = net.connect(to, '127.0.0.1');
      let lose = false;
      near.on('data', (bytes) => {
        if (this.losses > 0 && bytes.toString('latin1').startsWith('POST /s/')) {
          this.losses -= 1;
          lose = true;
        }
        far.write(bytes);
      });
      far.on('data', (bytes) => (lose ? (near.destroy(), far.destroy()) : near.write(bytes)));
      for (const [one, other] of [[near, far], [far, near]]) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }
  stop() {
    this.server.close();
  }
}

export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.SECKILL_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    timeout: patience,
  });
}

// What nearly every test begins with; it ends by itself when the file's tests are done.
export async function stage() {
  const shop = await new Shop().start();
  const browser = await openBrowser();
  after(async () => {
    await browser.close();
    await shop.stop();
  });
  return { shop, browser };
}

export const phone = { width: 390, height: 844 };
export const desktop = { width: 1280, height: 900 };

// A person: cookies of his own, and every complaint of his console is a failure of the test.
export async function visitor(browser, options = {}) {
  const context = await browser.newContext({ viewport: phone, locale: 'en-US', ...options });
  context.setDefaultTimeout(patience);
  context.complaints = [];
  context.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !/Failed to load resource|net::ERR/.test(text))
      context.complaints.push(text);
  });
  context.on('weberror', (error) => context.complaints.push(String(error.error())));
  return context;
}

// A page whose scripts are off cannot run axe: a copy of it can, with scripts on but none of ours.
export async function lookAtWithoutScripts(page, name) {
  const still = (await page.content())
    .replace(/<script.*?<\/script>/g, '').replace(/<(\/?)noscript>/g, '<$1div>')
    .replace('</head>', '<style>.scripted { display: none; }</style></head>'); // as "scripting: none" has it
  const context = await visitor(page.context().browser());
  const copy = await context.newPage();
  await copy.goto(new URL('/docs/problems', page.url()).href);
  await copy.setContent(still);
  await lookAt(copy, name);
  await context.close();
}

// axe finds nothing, in light and in dark; a picture of each is kept.
export async function lookAt(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0)); // a bar that sticks would stick in mid-picture
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`), fullPage: true });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document));
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(' ')}`);
    assert.deepEqual(found, [], `${name} in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' });
  assert.deepEqual(page.context().complaints, [], name);
}

// As a printer gets it: black on white, nothing cut off at the right, and pages that are kept.
export async function lookAtOnPaper(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const a4 = { width: 718, height: 1047 }; // CSS pixels between margins of 1 cm
  const before = page.viewportSize();
  await page.setViewportSize(a4);
  const { ground, ink, over } = await page.evaluate(() => {
    const style = getComputedStyle(document.body);
    const wide = [...document.querySelectorAll('main *')].filter((e) => !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 1);
    return { ground: style.backgroundColor, ink: style.color, over: wide.map((e) => e.outerHTML.slice(0, 120)) };
  });
  const luminance = (color) => color.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765;
  assert.ok(/, 0\)$/.test(ground) || luminance(ground) > 0.9, `paper is white, not ${ground}`);
  assert.ok(luminance(ink) < 0.3, `ink is dark, not ${ink}`);
  assert.deepEqual(over, [], 'nothing is cut off');
  await page.screenshot({ path: join(pictures, `${name}-paper.png`), fullPage: true });
  const pdf = await page.pdf({ path: join(pictures, `${name}.pdf`), format: 'A4', printBackground: false, margin: { top: '1cm', bottom: '1cm', left: '1cm', right: '1cm' } });
  assert.ok(pdf.length > 20_000, 'a PDF with something in it');
  await page.setViewportSize(before);
  await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
}
