/** A program that uploads two files and goes on until it is killed; tells on stdout what it recorded and wrote. */
import { openStore } from '../../src/stores/index.ts';
import type { S3Place } from './s3.ts';

const { config, credentials } = JSON.parse(process.argv[2]!) as S3Place;
const tell = (fact: unknown): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);

const store = await openStore(config, { files: credentials });
const group = await store.begin('t/part', async (upload) => tell({ recorded: upload }));
const writers = [await group.create('a'), await group.create('b')];
const slab = new Uint8Array(1_000_000).fill(1);
for (let written = slab.length; ; written += slab.length) {
  for (const writer of writers) await writer.write(slab);
  tell({ written });
}
