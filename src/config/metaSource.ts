/** Where Milvus 1.x's metadata is, from one word: `--meta` and `source.meta` of job files. */
import type { MetaPart } from './milvus1xParts.ts';
import { Secret } from './secret.ts';
import { parseLocation } from './storeUrl.ts';

/** `mysql://…`, `user:password@tcp(host:3306)/db` or `user@unix(…)/db`. */
export function isMysqlAddress(text: string): boolean {
  return /^mysql(\+pymysql)?:/i.test(text) || /@?(tcp|unix)\(/i.test(text);
}

/**
 * `mysql://…` or `user:password@tcp(host:3306)/db` is MySQL, a `.json` file a meta.json, any other file SQLite; files may
 * lie in a bucket.
 * @param where the flag or key it stands in, for messages
 */
export function parseMeta(text: string, cwd: string, where = '--meta'): MetaPart {
  if (isMysqlAddress(text)) return { kind: 'mysql', url: new Secret(text) };
  const at = parseLocation(text, cwd, where);
  const name = at.kind === 'path' ? at.path : at.key;
  return { kind: /\.json$/i.test(name) ? 'json' : 'sqlite', at };
}
