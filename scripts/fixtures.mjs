/** Makes the fixtures of Milvus 1.x and of Faiss, in folders of the cache named by a hash of the scripts that make them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The cache that test/servers/lib.sh uses. */
export function cacheFolder() {
  const { MILVUS_MIGRATE_CACHE, XDG_CACHE_HOME } = process.env;
  return MILVUS_MIGRATE_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'milvus-migrate');
}

/** The folder with all cases of make.py, made unless it is there. `python` has NumPy. */
export function makeFixtures(repoRoot, python) {
  return made(python, join(repoRoot, 'fixtures/milvus1x'), 'fixtures-');
}

/** The same for Faiss index files. `python` has faiss-cpu. */
export function makeFaissFixtures(repoRoot, python) {
  return made(python, join(repoRoot, 'fixtures/faiss'), 'faiss-fixtures-');
}

function made(python, scripts, prefix) {
  const cache = cacheFolder();
  const name = `${prefix}${hashOf(scripts)}`;
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'making-'));
  // What it says is kept for its failure: faiss warns of training on few vectors.
  execFileSync(python, [join(scripts, 'make.py'), draft], { stdio: 'pipe' });
  for (const old of readdirSync(cache)) {
    if (old.startsWith(prefix) && old !== name) rmSync(join(cache, old), { recursive: true, force: true });
  }
  if (existsSync(folder)) rmSync(draft, { recursive: true });
  else renameSync(draft, folder);
  return folder;
}

function hashOf(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    if (!/\.(py|uid|json|txt)$/.test(name)) continue;
    hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
