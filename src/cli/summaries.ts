/** Each command in one sentence. */
import type { CommandName } from './flags.ts';

export const SUMMARIES: Readonly<Record<CommandName, string>> = {
  run: 'Moves collections into a Milvus 2.x, builds their indexes, loads them and verifies that every row arrived.',
  plan: 'Shows what run would do and what stands in the way, and touches nothing.',
  dump: 'Writes collections as NumPy files, with a manifest that load needs.',
  load: 'Loads what dump wrote into a Milvus 2.x, from any host, and verifies it.',
  start: 'Dumps and loads in one go after a migration.yaml, and cleans the files once all is verified.',
  verify: 'Compares a Milvus 2.x with what was read for it: counts, and vectors bit for bit.',
  export: "Writes Milvus 1.x's metadata as meta.json.",
  inspect: 'Shows what is in a Faiss index file, what is lossless in it, and what would be made of it.',
  jobs: 'Lists recorded jobs, shows one, goes on with it, cleans its intermediate files, or forgets it.',
  server: 'The REST server, which is not yet in this version.',
  version: 'Prints the version.',
  help: 'Shows help about a command or about a source.',
};
