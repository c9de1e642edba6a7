/**
 * Old migration.yaml files with `mode: remote`, one per cloud: `dump` from a bucket into a bucket, and every byte as from a
 * folder into a folder. (OSS and COS can not be had: a MinIO stands in for them, which takes them as it takes AWS.)
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ObjectScheme, Store, StoreCredentials } from '../../src/core/contracts.ts';
import { openStore } from '../../src/stores/index.ts';
import { azuriteForTests } from '../servers/startAzurite.ts';
import { gcsForTests } from '../servers/startGcs.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { temporaryFolder } from '../temporary.ts';
import { compareDump, fixture, milvusMigrate } from './harness.ts';
import { assertHidden } from './secrets.ts';

interface Cloud extends AsyncDisposable {
  readonly word: string;
  readonly scheme: ObjectScheme;
  readonly endpoint: string;
  /** undefined: nobody has to sign in. */
  readonly keys: { readonly ak: string; readonly sk: string } | undefined;
}

async function onMinio(word: string, scheme: ObjectScheme): Promise<Cloud> {
  const { accessKey: ak, secretKey: sk, ...minio } = await minioForTests();
  return { ...minio, word, scheme, keys: { ak, sk } };
}

const CLOUDS: Readonly<Record<string, () => Promise<Cloud>>> = {
  aws: () => onMinio('aws', 's3'),
  ali: () => onMinio('ali', 'oss'),
  tencent: () => onMinio('tencent', 'cos'),
  async gcp() {
    return { ...(await gcsForTests()), word: 'gcp', scheme: 'gs', keys: undefined };
  },
  async azure() {
    const { account: ak, key: sk, ...azurite } = await azuriteForTests();
    return { ...azurite, word: 'azure', scheme: 'az', keys: { ak, sk } };
  },
};

const NAME = 'deletes';
const SOURCE = 'old-yaml-source';
/** One each: some of them are the same MinIO. */
const targetOf = ({ word }: Cloud): string => `old-yaml-target-${word}`;

for (const [word, start] of Object.entries(CLOUDS))
  test(`${word}: dump by an old migration.yaml, from a bucket into a bucket`, async () => {
    await using cloud = await start();
    using folder = temporaryFolder();
    await using source = await openBucket(cloud, SOURCE, 'milvus');
    const exported = await milvusMigrate(['export', '-s', join(fixture(NAME), 'db/meta.sqlite'), '-o', folder.path]);
    assert.equal(exported.code, 0, exported.stderr);
    await source.put('meta.json', readFileSync(join(folder.path, 'meta.json')));
    await upload(source, join(fixture(NAME), 'db/tables'), 'tables');
    const config = join(folder.path, 'migration.yaml');
    writeFileSync(config, oldYaml(cloud));

    const words = ['dump', '--config', config, '--state', join(folder.path, 'state')];
    const ended = await milvusMigrate(words, { cwd: folder.path });
    assert.equal(ended.code, 0, ended.stderr);
    if (cloud.keys !== undefined) assertHidden([cloud.keys.sk], ended, [join(folder.path, 'state')]);
    await using target = await openBucket(cloud, targetOf(cloud), 'out/migration');
    const dumped = join(folder.path, 'dumped');
    await download(target, dumped);
    assert.equal(await compareDump(dumped, NAME), '');
  });

function openBucket({ scheme, endpoint, keys }: Cloud, bucket: string, root: string): Promise<Store> {
  const credentials: StoreCredentials = keys === undefined ? {} : { accessKey: keys.ak, secretKey: keys.sk };
  const unsaid = { region: undefined, useSsl: undefined, pathStyle: undefined, iamEndpoint: undefined };
  return openStore(
    {
      scheme,
      bucket,
      root,
      endpoint,
      ...unsaid,
      useIam: false,
      createBucket: true,
      credentials: 'files',
      maxMbps: undefined,
    },
    { files: credentials },
  );
}

async function upload(store: Store, folder: string, prefix: string): Promise<void> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) await store.put(`${prefix}${path.slice(folder.length)}`, readFileSync(path));
  }
}

/** Into a folder, through the local store: its names are those of the bucket. */
async function download(store: Store, folder: string): Promise<void> {
  await using local = await openStore({ scheme: 'file', root: folder });
  for await (const { path, size } of store.list('')) {
    const file = await store.openFile(path);
    const bytes = new Uint8Array(size);
    await file!.readInto(bytes, 0);
    await local.put(path, bytes);
  }
}

function oldYaml(cloud: Cloud): string {
  const { word, endpoint, keys } = cloud;
  const remote = (bucket: string): string => `
    cloud: ${word}
    endpoint: ${endpoint}
    bucket: ${bucket}
    ${keys === undefined ? '' : `ak: ${keys.ak}\n    sk: ${keys.sk}\n    `}checkBucket: true`;
  return `
dumper:
  worker:
    limit: 2
    workMode: milvus1x
    reader:
      bufferSize: 1024
    writer:
      bufferSize: 1024
meta:
  mode: remote
  remoteMetaFile: milvus/meta.json
source:
  mode: remote
  remote:${remote(SOURCE)}
    tablesDir: milvus/tables
target:
  mode: remote
  remote:${remote(targetOf(cloud))}
    outputDir: out
`;
}
