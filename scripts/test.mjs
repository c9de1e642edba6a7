#!/usr/bin/env node
/**
 * `npm test`: builds, gets the servers and fixtures, and runs the tests of the built tree with coverage.
 *
 *   node scripts/test.mjs [--big] [--no-coverage] [test/formats/npy.test.ts …] [-- flags of node --test …]
 *
 * One Milvus, MariaDB, MinIO, fake-gcs-server, Azurite and Elasticsearch are started for all suites that can share: TEST_MILVUS
 * (host:port), TEST_MYSQL (mysql://…), TEST_MINIO (JSON of a MinioAccess, see test/servers/startMinio.ts), TEST_GCS
 * (http://…), TEST_AZURITE (JSON of an AzuriteAccess, see test/servers/startAzurite.ts), TEST_ELASTICSEARCH
 * (http://…). Those that are already in the
 * environment are used instead. MILVUS_MIGRATE_FIXTURES: the fixtures. FAISS_FIXTURES: those of Faiss. TEST_PYTHON: a
 * Python with NumPy; TEST_FAISS_PYTHON: one with faiss-cpu.
 * The last lines are the closing lines of Node's test runner.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeFaissFixtures, makeFixtures } from './fixtures.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** No file may take longer, whatever it waits for. */
const FILE_TIMEOUT_MS = 15 * 60_000;
/** Two cores; several suites start a Milvus of their own. */
const FILES_AT_A_TIME = 2;

const { files, coverage, nodeFlags } = parse(process.argv.slice(2));
const scratch = mkdtempSync(join(tmpdir(), 'milvus-migrate-test-'));
const servers = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => leave(128 + constants.signals[signal]));
}
let runner;
try {
  build();
  const environment = await surroundings();
  await leave(await runTests(files(), environment));
} catch (error) {
  console.error(`test: ${error.message}`);
  await leave(1);
}

function parse(given) {
  const rest = given.includes('--') ? given.slice(given.indexOf('--') + 1) : [];
  const own = given.includes('--') ? given.slice(0, given.indexOf('--')) : given;
  const unknown = own.find((word) => word.startsWith('--') && !['--big', '--no-coverage'].includes(word));
  if (unknown !== undefined) {
    console.error(`test: no flag ${unknown}; --big, --no-coverage, or -- and flags of node --test`);
    process.exit(2);
  }
  const named = own.filter((word) => !word.startsWith('--'));
  return {
    files: () => (named.length > 0 ? named.map(builtFile) : testFiles(own.includes('--big'))),
    coverage: !own.includes('--no-coverage'),
    nodeFlags: rest,
  };
}

/** dist/test/a.test.js for test/a.test.ts; a built file stays as it is. */
function builtFile(named) {
  const inside = relative(root, resolve(named)).replace(/\.ts$/, '.js');
  const built = inside.startsWith('dist/') ? inside : join('dist', inside);
  if (existsSync(join(root, built))) return built;
  console.error(`test: no ${built}`);
  process.exit(2);
}

function testFiles(big) {
  return readdirSync(join(root, 'dist/test'), { recursive: true })
    .filter(
      (name) => name.endsWith('.test.js') && !name.startsWith('servers/') && name.endsWith('.big.test.js') === big,
    )
    .map((name) => join('dist/test', name))
    .sort();
}

function build() {
  // Built tests whose sources are gone must not run.
  rmSync(join(root, 'dist/test'), { recursive: true, force: true });
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
}

/** What the tests find in their environment. */
async function surroundings() {
  execFileSync('bash', [join(root, 'scripts/ensure-test-servers.sh')], { stdio: 'inherit' });
  const python = execFileSync('bash', [join(root, 'test/servers/python.sh'), 'get'], { encoding: 'utf8' }).trim();
  const faiss = execFileSync('bash', [join(root, 'test/servers/faiss-python.sh'), 'get'], { encoding: 'utf8' }).trim();
  const found = {
    TEST_PYTHON: python,
    TEST_FAISS_PYTHON: faiss,
    MILVUS_MIGRATE_FIXTURES: makeFixtures(root, python),
    FAISS_FIXTURES: makeFaissFixtures(root, faiss),
  };
  const { startMilvus, startMariadb } = await import(pathToFileURL(join(root, 'dist/test/servers/index.js')).href);
  const { startMinio } = await import(pathToFileURL(join(root, 'dist/test/servers/startMinio.js')).href);
  const { startGcs } = await import(pathToFileURL(join(root, 'dist/test/servers/startGcs.js')).href);
  const { startAzurite } = await import(pathToFileURL(join(root, 'dist/test/servers/startAzurite.js')).href);
  const { startElasticsearch } = await import(
    pathToFileURL(join(root, 'dist/test/servers/startElasticsearch.js')).href
  );
  const [milvus, mariadb, minio, gcs, azurite, elastic] = await Promise.all([
    process.env.TEST_MILVUS ? undefined : started(startMilvus()),
    process.env.TEST_MYSQL ? undefined : started(startMariadb()),
    process.env.TEST_MINIO ? undefined : started(startMinio()),
    process.env.TEST_GCS ? undefined : started(startGcs()),
    process.env.TEST_AZURITE ? undefined : started(startAzurite()),
    process.env.TEST_ELASTICSEARCH ? undefined : started(startElasticsearch()),
  ]);
  if (milvus) found.TEST_MILVUS = milvus.address;
  if (mariadb) found.TEST_MYSQL = mariadb.url;
  if (minio) found.TEST_MINIO = JSON.stringify(minio.access);
  if (gcs) found.TEST_GCS = gcs.endpoint;
  if (azurite) found.TEST_AZURITE = JSON.stringify(azurite.access);
  if (elastic) found.TEST_ELASTICSEARCH = elastic.access.url;
  return { ...process.env, ...found };
}

async function started(promise) {
  const server = await promise;
  servers.push(server);
  return server;
}

async function runTests(paths, environment) {
  const coverageDir = join(scratch, 'coverage');
  const tap = join(scratch, 'tap');
  const flags = [
    `--test-concurrency=${FILES_AT_A_TIME}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    ...reporter('spec', 'stdout'),
    ...reporter('tap', tap),
    ...nodeFlags,
  ];
  const env = coverage ? { ...environment, NODE_V8_COVERAGE: coverageDir } : environment;
  runner = spawn(process.execPath, ['--test', ...flags, ...paths], { cwd: root, env, stdio: 'inherit' });
  const [code] = await once(runner, 'exit');
  if (coverage) reportCoverage(coverageDir);
  console.log(closingLines(readFileSync(tap, 'utf8')));
  return code ?? 1;
}

function reporter(name, destination) {
  return [`--test-reporter=${name}`, `--test-reporter-destination=${destination}`];
}

function reportCoverage(folder) {
  const only = ['dist/src/**', 'dist/workers/**'].flatMap((pattern) => ['--include', pattern]);
  // Merged one by one: the tests start hundreds of processes, and all that these wrote does not fit in a heap.
  const reports = ['--temp-directory', folder, '--merge-async'];
  const flags = ['report', '--all', '--src', root, ...reports, '--reporter', 'text-summary', ...only];
  try {
    execFileSync(join(root, 'node_modules/.bin/c8'), flags, { cwd: root, stdio: 'inherit' });
  } catch (error) {
    console.error(`test: no coverage: ${error.message}`);
  }
}

/** `# tests 12` … `# duration_ms 34`: what TAP ends with. */
function closingLines(text) {
  const lines = text.trimEnd().split('\n');
  const first = lines.findLastIndex((line) => line.startsWith('# tests '));
  return first < 0 ? 'test: the runner ended before its summary' : lines.slice(first).join('\n');
}

async function leave(code) {
  runner?.kill();
  await Promise.allSettled(servers.map((server) => server.stop()));
  rmSync(scratch, { recursive: true, force: true });
  process.exit(code);
}
