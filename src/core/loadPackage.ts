/** The large packages, loaded when they are first needed. */
import { createRequire } from 'node:module';

/** All of them come as CommonJS, alone or beside ES modules. */
interface Packages {
  '@aws-sdk/client-s3': typeof import('@aws-sdk/client-s3');
  '@azure/identity': typeof import('@azure/identity');
  '@azure/storage-blob': typeof import('@azure/storage-blob');
  '@google-cloud/storage': typeof import('@google-cloud/storage');
  '@node-rs/crc32': typeof import('@node-rs/crc32');
  '@zilliz/milvus2-sdk-node': typeof import('@zilliz/milvus2-sdk-node');
  'better-sqlite3': typeof import('better-sqlite3');
}

const require = createRequire(import.meta.url);

/**
 * By `require`: `import()` reads a CommonJS package once more, all of it, for the names that it exports, in every thread.
 * Of the S3 SDK that is 110 against 60 ms of processor time.
 */
export function loadPackage<N extends keyof Packages>(name: N): Packages[N] {
  return require(name) as Packages[N];
}
