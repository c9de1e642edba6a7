/** lossless-json, loaded with the first JSON value that is looked at: ten modules that most runs never need. */
import { createRequire } from 'node:module';

type LosslessJson = typeof import('lossless-json');

let loaded: LosslessJson | undefined;

export function losslessJson(): LosslessJson {
  loaded ??= createRequire(import.meta.url)('lossless-json') as LosslessJson;
  return loaded;
}
