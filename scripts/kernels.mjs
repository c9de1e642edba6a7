#!/usr/bin/env node
/**
 * Compiles wasm/faiss.ts, which is AssemblyScript, and writes it as src/formats/faiss/decode/kernelBytes.ts, so that
 * neither the build nor the package needs the compiler. To be run after a change there; a test holds that it was.
 *
 *   npm install --no-save assemblyscript@0.28.20 && node scripts/kernels.mjs
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const source = readFileSync(join(root, 'wasm/faiss.ts'), 'utf8');
const asc = await import(process.env.ASSEMBLYSCRIPT ?? 'assemblyscript/asc');
let bytes;
const { error, stderr } = await asc.main(
  ['faiss.ts', '--outFile', 'faiss.wasm', '-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert'],
  {
    readFile: (name) => (name === 'faiss.ts' ? source : null),
    writeFile(name, contents) {
      if (name === 'faiss.wasm') bytes = contents;
    },
  },
);
if (error) {
  console.error(stderr.toString() || error);
  process.exit(1);
}
const hash = createHash('sha256').update(source).digest('hex');
const lines = Buffer.from(bytes)
  .toString('base64')
  .match(/.{1,100}/g);
writeFileSync(
  join(root, 'src/formats/faiss/decode/kernelBytes.ts'),
  `/** Compiled from wasm/faiss.ts by scripts/kernels.mjs: not to be edited. */

/** SHA-256 of the source. */
export const KERNEL_SOURCE = '${hash}';

/** The module, base64. */
export const KERNEL_BYTES = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`,
);
