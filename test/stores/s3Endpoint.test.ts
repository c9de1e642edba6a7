import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { DEFAULT_PART_BYTES } from '../../src/config/defaults.ts';
import type { ObjectStoreConfig } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { MOST_COMPONENTS } from '../../src/stores/gcs/compose.ts';
import { COMPOSED } from '../../src/stores/gcs/upload.ts';
import { MOST_PIECES, PIECES, pieceBytes, piecesInFlight } from '../../src/stores/pieces/memory.ts';
import { s3Endpoint } from '../../src/stores/s3/endpoint.ts';
import { metadataCredentials } from '../../src/stores/s3/metadataCredentials.ts';
import { openS3Store } from '../../src/stores/s3/store.ts';
import { newPlace } from './s3.ts';

const endpointOf = (changes: Partial<ObjectStoreConfig>) =>
  s3Endpoint(newPlace({ endpoint: '', accessKey: '', secretKey: '' }, { endpoint: undefined, ...changes }).config);

test('AWS is found by its region, also under its own names', () => {
  const aws = { url: undefined, pathStyle: false, ssl: true };
  assert.deepEqual(endpointOf({}), { ...aws, region: undefined, title: 'AWS S3' });
  assert.deepEqual(endpointOf({ region: 'eu-west-1' }), { ...aws, region: 'eu-west-1', title: 'AWS S3 in eu-west-1' });
  const names = {
    's3.amazonaws.com': 'us-east-1',
    's3.us-west-2.amazonaws.com': 'us-west-2',
    'https://s3-ap-south-1.amazonaws.com': 'ap-south-1',
    's3.cn-north-1.amazonaws.com.cn': 'cn-north-1',
    's3.us-gov-west-1.amazonaws.com': 'us-gov-west-1',
  };
  for (const [endpoint, region] of Object.entries(names))
    assert.deepEqual(endpointOf({ endpoint }), { ...aws, region, title: `AWS S3 in ${region}` });
});

test('an S3 of one’s own has its address, path style, and TLS unless said otherwise', () => {
  const facts = (changes: Partial<ObjectStoreConfig>) => {
    const { url, region, pathStyle, ssl } = endpointOf(changes);
    return [url, region, pathStyle, ssl];
  };
  assert.deepEqual(facts({ endpoint: 'minio:9000' }), ['https://minio:9000', 'us-east-1', true, true]);
  assert.deepEqual(facts({ endpoint: 'minio:9000', useSsl: false }), ['http://minio:9000', 'us-east-1', true, false]);
  assert.deepEqual(facts({ endpoint: 'http://minio:9000' }), ['http://minio:9000', 'us-east-1', true, false]);
  assert.deepEqual(facts({ endpoint: 'http://minio:80', useSsl: true }), ['https://minio:80', 'us-east-1', true, true]);
  const pathStyle = facts({ endpoint: 'https://x.example/', pathStyle: false, region: 'r' });
  assert.deepEqual(pathStyle, ['https://x.example', 'r', false, true]);
  // A gateway may have its S3 below a path.
  const [below] = facts({ endpoint: 'https://x.example/storage/v1/s3/' });
  assert.equal(below, 'https://x.example/storage/v1/s3');
});

test('OSS and COS have addresses by region, and the bucket in the host', () => {
  const facts = (changes: Partial<ObjectStoreConfig>) => {
    const { url, region, pathStyle } = endpointOf(changes);
    return [url, region, pathStyle];
  };
  const oss = ['https://s3.oss-cn-hangzhou.aliyuncs.com', 'cn-hangzhou', false];
  assert.deepEqual(facts({ scheme: 'oss', region: 'cn-hangzhou' }), oss);
  assert.deepEqual(facts({ scheme: 'oss', endpoint: 'oss-cn-hangzhou.aliyuncs.com' }), oss);
  const inner = ['https://s3.oss-cn-beijing-internal.aliyuncs.com', 'cn-beijing', false];
  assert.deepEqual(facts({ scheme: 'oss', endpoint: 'oss-cn-beijing-internal.aliyuncs.com' }), inner);
  const cos = ['https://cos.ap-guangzhou.myqcloud.com', 'ap-guangzhou', false];
  assert.deepEqual(facts({ scheme: 'cos', region: 'ap-guangzhou' }), cos);
  assert.deepEqual(facts({ scheme: 'cos', endpoint: 'cos.ap-guangzhou.myqcloud.com' }), cos);
});

test('an OSS or COS of which neither region nor endpoint is said', () => {
  assert.throws(() => endpointOf({ scheme: 'oss' }), /: oss:\/\/ needs a region or an endpoint/);
  assert.throws(() => endpointOf({ scheme: 'cos' }), /: cos:\/\/ needs a region or an endpoint/);
});

test('OSS and COS are opened by keys of theirs, never by what AWS’s own settings offer', async () => {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = 'of-aws';
  try {
    for (const [scheme, variable] of [
      ['oss', /OSS_ACCESS_KEY_ID/],
      ['cos', /TENCENTCLOUD_SECRET_ID/],
    ] as const)
      for (const useIam of [false, true]) {
        const { config } = newPlace(
          { endpoint: 'http://127.0.0.1:1', accessKey: '', secretKey: '' },
          { scheme, useIam },
        );
        await assert.rejects(openS3Store(config, {}), (error) => {
          assert.ok(error instanceof MigrateError && error.code === 'E_CONFIG');
          assert.match(error.found ?? '', useIam ? /role/ : /keys/);
          assert.match(error.hint ?? '', variable);
          return true;
        });
      }
  } finally {
    names.forEach((name, index) => {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    });
  }
});

test('what can’t be an endpoint is said without showing it', () => {
  for (const changes of [{ scheme: 'oss' }, { scheme: 'cos' }, { endpoint: 'http://user:secret@host' }] as const)
    assert.throws(
      () => endpointOf(changes),
      (error) => error instanceof MigrateError && error.code === 'E_CONFIG' && !/secret/.test(JSON.stringify(error)),
    );
});

test('10,000 pieces hold 5 TiB, the first GBs go in small ones, and few are in memory at once', () => {
  const bytes = (number: number): number => pieceBytes(number, PIECES);
  const total = Array.from({ length: MOST_PIECES }, (_, index) => bytes(index + 1)).reduce((a, b) => a + b);
  assert.ok(total >= 5 * 1024 ** 4, `${total}`);
  assert.equal(bytes(1), 6 * 1024 ** 2);
  assert.equal(bytes(700), 6 * 1024 ** 2);
  assert.equal(bytes(701), 12 * 1024 ** 2);
  assert.equal(bytes(MOST_PIECES), 1024 ** 3);
  assert.equal(piecesInFlight(bytes(1), PIECES), 3);
  assert.equal(piecesInFlight(bytes(MOST_PIECES), PIECES), 1);
});

test('Google composes a part of the usual size in one request', () => {
  let [pieces, bytes] = [0, 0];
  while (bytes < DEFAULT_PART_BYTES) bytes += pieceBytes(++pieces, COMPOSED);
  assert.equal(pieces, MOST_COMPONENTS);
});

test('credentials of a machine’s role come from the metadata service that was named', async () => {
  // Stands in for an EC2 instance's metadata service, which is nowhere else to be had.
  const asked: string[] = [];
  const role = { AccessKeyId: 'id', SecretAccessKey: 'secret', Token: 'token', Expiration: '2030-01-01T00:00:00Z' };
  const server = createServer(({ method, url, headers }, answer) => {
    asked.push(`${method} ${url} ${headers['x-aws-ec2-metadata-token'] ?? ''}`.trim());
    if (method === 'PUT') answer.end('pass');
    else answer.end(url!.endsWith('/') ? 'my-role\n' : JSON.stringify(role));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.deepEqual(await metadataCredentials(`${endpoint}/`)(), {
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    sessionToken: 'token',
    expiration: new Date(role.Expiration),
  });
  // As a host alone, too, which is what some give.
  await metadataCredentials(new URL(endpoint).host)();
  assert.equal(asked.splice(3).length, 3);
  const base = '/latest/meta-data/iam/security-credentials/';
  assert.deepEqual(asked, ['PUT /latest/api/token', `GET ${base} pass`, `GET ${base}my-role pass`]);
  role.Token = undefined as never;
  await assert.rejects(metadataCredentials(endpoint)(), (error) => {
    assert.ok(error instanceof MigrateError && !error.retry);
    return !JSON.stringify(error).includes('secret"');
  });
  server.close();
  server.closeAllConnections();
  await assert.rejects(metadataCredentials(endpoint)(), (error) => error instanceof MigrateError && error.retry);
});
