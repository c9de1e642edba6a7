/** What the tests of object stores on the command line share. */
import type { JobConfig } from '../../src/config/job.ts';
import type { ObjectStoreConfig, StoreCredentials } from '../../src/core/contracts.ts';

export const ENV = { HOME: '/home/user' };
export const TO = ['--to', 'h:1'];
export const AWS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 's3cret-aws' };

/** A migration.yaml with keys of its own for the source and for the files. */
export const OLD_YAML = `
dumper: { worker: { workMode: milvus1x } }
meta: { mode: remote, remoteMetaFile: db/meta.json }
source:
  mode: remote
  remote: { cloud: aws, endpoint: "old:9000", bucket: old-bucket, ak: OLDKEY, sk: s3cret-old, tablesDir: db/tables }
target:
  mode: remote
  remote: { cloud: aws, endpoint: "new:9000", bucket: new-bucket, ak: NEWKEY, sk: s3cret-new, outputDir: out }
  milvus2x: { endpoint: "h:1" }
`;

/** What opens a store of the job. */
export function opened(config: JobConfig, name: 'source' | 'files'): StoreCredentials | undefined {
  const secret = config.credentials[name];
  return secret && (JSON.parse(secret.reveal()) as StoreCredentials);
}

export function store(over: Partial<ObjectStoreConfig>): ObjectStoreConfig {
  return {
    scheme: 's3',
    bucket: 'old',
    root: '',
    endpoint: undefined,
    region: undefined,
    useSsl: undefined,
    pathStyle: undefined,
    useIam: false,
    iamEndpoint: undefined,
    createBucket: false,
    credentials: 'source',
    maxMbps: undefined,
    ...over,
  };
}
