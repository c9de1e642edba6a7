/** S3 on a real MinIO: the contract of all stores, as AWS is spoken to and as OSS and COS are. */
import { after } from 'node:test';
import type { S3Dialect } from '../../src/stores/s3/endpoint.ts';
import { DIALECTS } from '../../src/stores/s3/endpoint.ts';
import { storeContract } from '../contract/store.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { newPlace, openPlace, plainClient, unfinishedUploads } from './s3.ts';

const minio = await minioForTests();
const client = plainClient(minio);
after(async () => {
  client.destroy();
  await minio[Symbol.asyncDispose]();
});

function contractOf(name: string, dialect: S3Dialect): void {
  storeContract(name, () => openPlace(newPlace(minio), { dialect }), {
    largeBytes: 20_000_001,
    unfinished: (store, paths) =>
      unfinishedUploads(
        client,
        paths.map((path) => store.describe(path)),
      ),
  });
}

contractOf('s3', DIALECTS.s3);
// Their own services can not be had: MinIO understands what they are sent, which is all that this shows.
contractOf('s3 as oss', DIALECTS.oss);
contractOf('s3 as cos', DIALECTS.cos);
