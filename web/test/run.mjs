// The tests of the pages' logic: bundled, since Node 18 reads no TypeScript, then run by Node itself.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'seckill-pages-test-'));
const tests = readdirSync(here).filter((name) => name.endsWith('.test.ts'));
await build({ entryPoints: tests.map((name) => join(here, name)), outdir: out, bundle: true,
  format: 'esm', platform: 'node', outExtension: { '.js': '.mjs' } });
const files = tests.map((name) => join(out, name.replace('.ts', '.mjs')));
const ran = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' });
rmSync(out, { recursive: true });
process.exitCode = ran.status ?? 1;
