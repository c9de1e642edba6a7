#!/usr/bin/env node
/**
 * Compiles wasm/*.ts, which are AssemblyScript, and writes their bytes below src, so that neither the build nor the
 * package needs the compiler. To be run after a change there; tests hold that it was.
 *
 *   npm install --no-save assemblyscript@0.28.20 && node scripts/kernels.mjs
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const KERNELS = [
  { name: 'faiss', output: 'src/formats/faiss/decode/kernelBytes.ts', flags: [] },
  { name: 'numbers', output: 'src/formats/numbers/kernelBytes.ts', flags: [] },
  {
    name: 'nonFinite',
    output: 'src/transforms/nonFiniteBytes.ts',
    // Any size of memory that is shared.
    flags: [
      ...['--importMemory', '--enable', 'threads', '--sharedMemory'],
      ...['--initialMemory', '1', '--maximumMemory', '65536'],
    ],
  },
];

const root = resolve(fileURLToPath(import.meta.url), '../..');
const asc = await import(process.env.ASSEMBLYSCRIPT ?? 'assemblyscript/asc');
for (const kernel of KERNELS) await compile(kernel);

async function compile({ name, output, flags }) {
  const source = readFileSync(join(root, `wasm/${name}.ts`), 'utf8');
  let bytes;
  const { error, stderr } = await asc.main(
    [
      ...[`${name}.ts`, '--outFile', `${name}.wasm`, '-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert'],
      ...flags,
    ],
    {
      readFile: (file) => (file === `${name}.ts` ? source : null),
      writeFile(file, contents) {
        if (file === `${name}.wasm`) bytes = contents;
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
    join(root, output),
    `/** Compiled from wasm/${name}.ts by scripts/kernels.mjs: not to be edited. */

/** SHA-256 of the source. */
export const KERNEL_SOURCE = '${hash}';

/** The module, base64. */
export const KERNEL_BYTES = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`,
  );
}
