// Builds the pages into web/dist, which is committed and embedded into the binary. With --check
// nothing is written: what would be built must be what lies there. Sizes are printed and enforced.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const kB = 1000;
const limits = { shop: 15 * kB, ops: 60 * kB }; // gzip, a page with all it loads

// "shop.js" -> "shop-ABCD1234.js": names carry a hash, so browsers may keep the files for ever.
async function bundle(out) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: ['src/shop/shop.ts', 'src/shop/shop.css', 'src/ops/ops.tsx', 'src/ops/ops.css'],
    entryNames: '[name]-[hash]',
    outdir: out,
    bundle: true,
    minify: true,
    metafile: true,
    charset: 'utf8',
    format: 'esm',
    target: ['chrome100', 'firefox100', 'safari15'],
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  const icon = await readFile(join(here, 'src/common/icon.svg'));
  const hash = createHash('sha256').update(icon).digest('hex').slice(0, 8).toUpperCase();
  await writeFile(join(out, `icon-${hash}.svg`), icon);
  const names = { 'icon.svg': `/assets/icon-${hash}.svg` };
  for (const [file, { entryPoint }] of Object.entries(result.metafile.outputs)) {
    const extension = file.slice(file.lastIndexOf('.'));
    const entry = basename(entryPoint).replace(/\.[a-z]+$/, '');
    names[entry + extension] = '/assets/' + basename(file);
  }
  return names;
}

// [[word]] is looked up in the language's words, then in the names of the files.
function fill(text, words, where) {
  return text.replace(/\[\[([\w.]+)\]\]/g, (_, word) => {
    if (!(word in words)) throw new Error(`${where}: there is no [[${word}]]`);
    return words[word];
  });
}

const squeezed = (html) =>
  html.replace(/<!--[^]*?-->/g, '').replace(/\n\s+/g, '\n').replace(/\n{2,}/g, '\n');

async function pages(out, files) {
  const languages = {};
  for (const language of ['en', 'zh'])
    languages[language] = JSON.parse(await readFile(join(here, `src/shop/${language}.json`)));
  const missing = Object.keys(languages.en).filter((word) => !(word in languages.zh));
  if (missing.length > 0) throw new Error(`zh.json lacks: ${missing.join(', ')}`);
  for (const page of ['shop', 'till', 'lost', 'front']) {
    const text = await readFile(join(here, `src/shop/${page}.html`), 'utf8');
    for (const [language, words] of Object.entries(languages)) {
      const filled = fill(text, { ...files, ...words }, `${page}.html`);
      await writeFile(join(out, `${page}.${language}.html`), squeezed(filled));
    }
  }
  const ops = await readFile(join(here, 'src/ops/ops.html'), 'utf8');
  await writeFile(join(out, 'ops.html'), squeezed(fill(ops, files, 'ops.html')));
}

const packed = async (file) => gzipSync(await readFile(file), { level: 9 }).length;

async function sizes(out) {
  const all = await readdir(out);
  let fits = true;
  for (const [page, limit] of Object.entries(limits)) {
    const html = page === 'ops' ? 'ops.html' : (await largest(out, all, `${page}.`)).name;
    const parts = [html, ...all.filter((name) => name.startsWith(`${page}-`) || name.startsWith('icon-'))];
    let sum = 0;
    const said = [];
    for (const part of parts) {
      const size = await packed(join(out, part));
      sum += size;
      said.push(`${part} ${size}`);
    }
    const verdict = sum <= limit ? 'within' : 'BEYOND';
    console.log(`${page}: ${sum} B gzip, ${verdict} ${limit}  (${said.join(', ')})`);
    fits &&= sum <= limit;
  }
  return fits;
}

async function largest(out, all, start) {
  const found = [];
  for (const name of all.filter((each) => each.startsWith(start) && each.endsWith('.html')))
    found.push({ name, size: await packed(join(out, name)) });
  return found.sort((a, b) => b.size - a.size)[0];
}

async function differences(built) {
  const names = new Set([...(await readdir(built)), ...(await readdir(dist))]);
  const differing = [];
  for (const name of names) {
    const [a, b] = await Promise.all(
      [built, dist].map((folder) => readFile(join(folder, name)).catch(() => null)));
    if (a === null || b === null || !a.equals(b)) differing.push(name);
  }
  return differing;
}

const check = process.argv.includes('--check');
const out = check ? await mkdtemp(join(tmpdir(), 'seckill-pages-')) : dist;
if (!check) await rm(dist, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await pages(out, await bundle(out));
let good = await sizes(out);
if (check) {
  const differing = await differences(out);
  await rm(out, { recursive: true });
  if (differing.length > 0) {
    console.error(`web/dist is not what the sources give: ${differing.join(', ')}`);
    console.error('  npm --prefix web run build   and commit web/dist');
    good = false;
  }
}
process.exitCode = good ? 0 : 1;
