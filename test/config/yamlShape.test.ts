import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/configFile.ts';
import { migrationYamlShape } from '../../src/config/migrationYamlShape.ts';
import { keysOf } from '../../src/config/yamlShape.ts';
import { MigrateError } from '../../src/core/errors.ts';

const HEAD = `
dumper: { worker: { workMode: milvus1x } }
source: { mode: local, local: { tablesDir: /db/tables } }
target:
  mode: local
  local: { outputDir: /out }
`;

function read(text: string, env: Record<string, string> = {}) {
  return parseConfig(text, { file: 'migration.yaml', command: 'start', env, cwd: '/', threads: 1 });
}

test('secrets keep their exact text and are not shown', async () => {
  const { draft } = await read(
    `${HEAD}  milvus2x: { endpoint: "http://h:1", username: root, password: 0123 }\nmeta: { mode: mysql, mysqlUrl: "u:\${PW}@tcp(h)/db" }`,
    { PW: 'a: "b" #c' },
  );
  assert.equal(draft.target?.password?.reveal(), '0123');
  const meta = draft.source?.kind === 'milvus1x' ? draft.source.meta : undefined;
  assert.equal(meta?.kind === 'mysql' ? meta.url.reveal() : '', 'u:a: "b" #c@tcp(h)/db');
  assert.ok(!JSON.stringify(draft).includes('0123'));
});

test('digits stay digits', async () => {
  const { draft } = await read(
    `${HEAD}meta: { mode: sqlite, sqliteFile: /db/meta.sqlite, milvus: { collection: 1678354366132931001 } }`,
  );
  assert.equal(draft.targetName, '1678354366132931001');
});

test('a doubled dollar keeps the braces, an empty variable counts as not written', async () => {
  const { draft } = await read(
    `${HEAD}  milvus2x: { endpoint: "h:1", username: "\${NOBODY}", password: "a$\${b}" }\nmeta: { mode: sqlite, sqliteFile: /m }`,
    { NOBODY: '' },
  );
  assert.equal(draft.target?.user, undefined);
  assert.equal(draft.target?.password?.reveal(), `a\${b}`);
});

test('an alias is followed, one that leads to itself is refused', async () => {
  const { draft } = await read(
    `${HEAD}meta: &m { mode: sqlite, sqliteFile: /m, milvus: &n { shardNum: 2 } }\nextra: *n`,
  );
  assert.equal(draft.shards, 2);
  await assert.rejects(
    read('a: &a { b: *a }'),
    (error: MigrateError) => error.code === 'E_CONFIG' && error.at.line === 1,
  );
});

test('a merge key that takes no keys is refused with its line; what is written wins over it', async () => {
  for (const value of ['no-map', '[1, 2]'])
    await assert.rejects(
      read(`${HEAD}meta:\n  <<: ${value}\n  mode: sqlite`),
      (error: MigrateError) => error.code === 'E_CONFIG' && error.at.line === 8,
    );
  const { draft } = await read(
    `base: &b { SHARDNUM: 3, loadData: true }\n${HEAD}meta: { mode: sqlite, sqliteFile: /m, milvus: { <<: *b, shardNum: 2 } }`,
  );
  assert.deepEqual([draft.shards, draft.loadCollection], [2, true]);
});

test('whatever a file holds, it is a job or an E_CONFIG that names the file', async () => {
  const keys = [...keysOf(migrationYamlShape)].map((key) => key.split('.').at(-1)!);
  const scalar = fc.oneof(fc.constantFrom('local', 'sqlite', '2', 'true', '', '~', '/x', '$'), fc.string());
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('tree')),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(tree, async (value) => {
      try {
        await read(JSON.stringify(value));
        assert.fail('without a work mode nothing is a job');
      } catch (error) {
        assert.ok(error instanceof MigrateError, String(error));
        assert.equal(error.code, 'E_CONFIG');
        assert.equal(error.at.file, 'migration.yaml');
      }
    }),
    { numRuns: 200 },
  );
});
