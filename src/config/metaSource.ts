/** Where Milvus 1.x's metadata is, from one word: `--meta` and `source.meta` of job files. */
import { resolve } from 'node:path';
import type { Milvus1xSource } from './job.ts';
import { Secret } from './secret.ts';

/** `mysql://…` or `user:password@tcp(host:3306)/db` is MySQL, a `.json` file a meta.json, any other file SQLite. */
export function parseMeta(text: string, cwd: string): NonNullable<Milvus1xSource['meta']> {
  if (/^mysql:/i.test(text) || /@?(tcp|unix)\(/i.test(text)) return { kind: 'mysql', url: new Secret(text) };
  const file = resolve(cwd, text);
  return /\.json$/i.test(text) ? { kind: 'json', file } : { kind: 'sqlite', file };
}
