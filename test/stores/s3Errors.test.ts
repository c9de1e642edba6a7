/**
 * What a user is told when an S3 is not as it should be, on real MinIOs: store, bucket, key, status and code, what to
 * do, and never a credential. Where MinIO can't give an answer that AWS gives, a proxy gives it and the test says so.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, mock, test } from 'node:test';
import { inspect } from 'node:util';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { Store, StoreCredentials } from '../../src/core/contracts.ts';
import { MigrateError, toPlain } from '../../src/core/errors.ts';
import { type Choose, type Instead, startFaultProxy } from '../servers/faultProxy.ts';
import { freePorts } from '../servers/ports.ts';
import { minioForTests, startMinio } from '../servers/startMinio.ts';
import { startWebServer } from './failures.ts';
import { newPlace, openPlace, plainClient } from './s3.ts';

const SECRET = 'a-secret-key/that+must=never-be-seen';
const TOKEN = 'a-session-token-that-must-never-be-seen';

const minio = await minioForTests();
const client = plainClient(minio);
/** All that was ever said. */
const said: string[] = [];
const secrets = new Set([SECRET, TOKEN, minio.secretKey]);

before(() => client.createBucket({ Bucket: 'errors' }).catch(() => client.headBucket({ Bucket: 'errors' })));
after(async () => {
  client.destroy();
  await minio[Symbol.asyncDispose]();
});

interface Wanted {
  readonly message: RegExp;
  readonly found: RegExp;
  /** What the message must name; the key, or the bucket where it is about that. */
  readonly file?: RegExp;
  readonly hint?: RegExp;
  readonly retry?: boolean;
}

async function fails(call: Promise<unknown>, { message, found, file, hint, retry = false }: Wanted): Promise<void> {
  const error = await call.then(
    () => assert.fail('it went well'),
    (thrown: unknown) => thrown,
  );
  said.push(inspect(error, { depth: 12, showHidden: true }), JSON.stringify(toPlain(error)));
  assert.ok(error instanceof MigrateError, inspect(error));
  assert.equal(error.code, 'E_STORE');
  assert.match(error.message, message);
  assert.match(error.found ?? '', found);
  assert.match(error.at.file ?? '', file ?? /^s3:\/\/errors\/run\/\w+\/dir\/key$/);
  assert.match(error.hint ?? '', hint ?? /./);
  assert.equal(error.retry, retry, 'retry');
}

/** Every kind of call that a run makes, each on the same key. */
const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  stat: (store) => store.stat('dir/key'),
  open: (store) => store.openFile('dir/key'),
  list: (store) => store.list('dir/key')[Symbol.asyncIterator]().next(),
  put: (store) => store.put('dir/key', new Uint8Array(3)),
  upload: (store) => write(store, 17_000_000),
};

async function write(store: Store, bytes: number): Promise<void> {
  const group = await store.begin('dir', async () => undefined);
  const writer = await group.create('key');
  await writer.write(new Uint8Array(bytes));
  await writer.close();
  await group.commit();
}

const openErrors = (changes: Partial<Parameters<typeof newPlace>[1]> = {}, credentials?: StoreCredentials) => {
  const place = newPlace(minio, { bucket: 'errors', createBucket: false, ...changes });
  return openPlace({ ...place, credentials: credentials ?? place.credentials });
};

/** One test a call: all of them fail alike. */
function allCalls(what: string, open: () => Promise<Store>, wanted: Wanted): void {
  for (const [name, call] of Object.entries(CALLS))
    test(`${what}: ${name}`, async () => {
      await using store = await open();
      await fails(call(store), wanted);
    });
}

allCalls('a bucket that is not there', () => openErrors({ bucket: 'no-such-bucket' }), {
  message: /the bucket does not exist/,
  found: /HTTP 404 NoSuchBucket from http:/,
  file: /^s3:\/\/no-such-bucket\/run\/\w+\/dir\/key$/,
  hint: /bucket/,
});

allCalls('a wrong secret key', () => openErrors({}, { accessKey: minio.accessKey, secretKey: SECRET }), {
  message: /the secret key does not fit the access key/,
  found: /HTTP 403 SignatureDoesNotMatch from http:\/\/127/,
});

allCalls('an unknown access key', () => openErrors({}, { accessKey: 'AKIDNOBODYKNOWS', secretKey: SECRET }), {
  message: /the access key is not known/,
  found: /HTTP 403 InvalidAccessKeyId/,
});

allCalls(
  'a made-up session token',
  () => openErrors({}, { accessKey: minio.accessKey, secretKey: minio.secretKey, sessionToken: TOKEN }),
  { message: /session token is not valid, or has expired/, found: /HTTP 403 InvalidTokenId/ },
);

/** Credentials of MinIO's own token service that may do little, for a while. */
async function temporary(
  actions: readonly string[],
): Promise<Required<Pick<StoreCredentials, 'sessionToken'>> & StoreCredentials> {
  const Statement = [{ Effect: 'Allow', Action: actions, Resource: ['arn:aws:s3:::errors', 'arn:aws:s3:::errors/*'] }];
  const provider = fromTemporaryCredentials({
    masterCredentials: { accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey },
    params: {
      RoleArn: 'arn:xxx:xxx:xxx:xxxx',
      RoleSessionName: 'test',
      DurationSeconds: 900,
      Policy: JSON.stringify({ Version: '2012-10-17', Statement }),
    },
    clientConfig: { endpoint: minio.endpoint, region: 'us-east-1' },
  });
  const { accessKeyId, secretAccessKey, sessionToken } = await provider();
  for (const secret of [secretAccessKey, sessionToken!]) secrets.add(secret);
  return { accessKey: accessKeyId, secretKey: secretAccessKey, sessionToken: sessionToken! };
}

test('keys that the service does not take', async () => {
  for (const [root, message, found] of [
    [Array.from({ length: 10 }, () => 'z'.repeat(101)).join('/'), /the key is too long/, /HTTP 400 KeyTooLongError/],
    ['x'.repeat(300), /the key has an impossible name/, /HTTP 400 XMinioInvalidObjectName/],
  ] as const) {
    await using store = await openErrors({ root });
    const wanted = { message, found, hint: /shorter/, file: /\/dir\/key$/ };
    await fails(store.put('dir/key', new Uint8Array(1)), wanted);
    // MinIO says of one that is too long that it is not there.
    if (root.length < 1000) await fails(store.stat('dir/key'), wanted);
  }
});

test('a session token of the service opens the store', async () => {
  await using store = await openErrors({}, await temporary(['s3:*']));
  await write(store, 17_000_000);
  assert.equal((await store.stat('dir/key'))?.size, 17_000_000);
});

test('rights that do not suffice', async () => {
  await using store = await openErrors({}, await temporary(['s3:GetObject']));
  const denied = { message: /access is denied/, found: /HTTP 403 AccessDenied/, hint: /right/ };
  assert.equal(await store.stat('dir/key'), undefined);
  for (const name of ['list', 'put', 'upload']) await fails(CALLS[name]!(store), denied);
});

test('rights to write and not to delete', async () => {
  await using store = await openErrors({}, await temporary(['s3:GetObject', 's3:PutObject', 's3:ListBucket']));
  await store.put('dir/key', new Uint8Array(1));
  await fails(store.remove('dir'), { message: /could not delete/, found: /AccessDenied/, hint: /right/ });
});

test('a session token that has expired', async () => {
  const { sessionToken, ...keys } = await temporary(['s3:*']);
  // The same token as if it were an hour old, signed as MinIO signs it.
  const [head, body] = sessionToken.split('.');
  const claims = JSON.parse(Buffer.from(body!, 'base64url').toString());
  const old = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp - 7200 })).toString('base64url');
  const sign = (text: string) => createHmac('sha512', minio.secretKey).update(text).digest('base64url');
  assert.equal(sessionToken, `${head}.${body}.${sign(`${head}.${body}`)}`);
  const expired = `${head}.${old}.${sign(`${head}.${old}`)}`;
  secrets.add(expired);
  await using store = await openErrors({}, { ...keys, sessionToken: expired });
  await fails(store.openFile('dir/key'), { message: /has expired/, found: /HTTP 403 InvalidTokenId/ });
});

/** In the place of AWS, which has answers that MinIO has not. */
async function instead(choose: Choose, call: (store: Store) => Promise<unknown>, wanted: Wanted): Promise<void> {
  await using proxy = await startFaultProxy(minio.endpoint, choose);
  await using store = await openErrors({ endpoint: proxy.endpoint });
  await fails(call(store), wanted);
}

/** With a secret in its sentence, as a careless proxy might have it. */
function error(status: number, code: string, more = '', headers: Record<string, string> = {}) {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>for ${minio.secretKey}</Message>${more}</Error>`;
  return { status, body, headers: { 'content-type': 'application/xml', 'x-amz-request-id': '1', ...headers } };
}

test('answers of AWS that MinIO does not give (by a proxy)', async () => {
  const expired = () => error(400, 'ExpiredToken');
  const moved = () => error(301, 'PermanentRedirect', '', { 'x-amz-bucket-region': 'eu-west-3' });
  const archived = () => error(403, 'InvalidObjectState');
  for (const call of Object.values(CALLS)) {
    await instead(expired, call, { message: /token has expired/, found: /HTTP 400 ExpiredToken/, hint: /new one/ });
    await instead(moved, call, { message: /another region/, found: /HTTP 301.*region eu-west-3/, hint: /region/ });
  }
  await instead(archived, CALLS.stat!, { message: /archive/, found: /HTTP 403 InvalidObjectState/ });
});

test('a status without a code is told by itself', async () => {
  const bare = (status: number) => () => ({ status, body: '', headers: { 'x-amz-request-id': '1' } });
  await instead(bare(403), CALLS.stat!, { message: /access is denied/, found: /HTTP 403 from/ });
  await instead(bare(400), CALLS.stat!, { message: /refused/, found: /HTTP 400 from/ });
  await instead(bare(301), CALLS.stat!, { message: /another region/, found: /HTTP 301 from/ });
  await instead(bare(502), CALLS.list!, { message: /gateway/, found: /HTTP 502/, hint: /^/, retry: true });
});

test('a completion that fails with a good status is a failure', async () => {
  const completing: Choose = ({ method, url }) =>
    method === 'POST' && /\?uploadId=/.test(url!) ? error(200, 'InternalError') : undefined;
  await instead(completing, CALLS.upload!, { message: /failed/, found: /InternalError/, hint: /^/, retry: true });
});

test('a wrong region', async () => {
  await using other = await startMinio({ env: { MINIO_SITE_REGION: 'eu-test-1' } });
  const place = newPlace(other.access, { bucket: 'errors', region: 'us-test-1' });
  await using wrong = await openPlace(place);
  const wanted = {
    message: /another region/,
    found: /HTTP 400 AuthorizationHeaderMalformed.*eu-test-1/,
    hint: /region/,
  };
  await fails(wrong.stat('dir/key'), wanted);
  await fails(wrong.list('dir/key')[Symbol.asyncIterator]().next(), wanted);
  await using right = await openPlace({ ...place, config: { ...place.config, region: 'eu-test-1' } });
  await right.put('dir/key', new Uint8Array(1));
  assert.equal((await right.stat('dir/key'))?.size, 1);
});

test('a wrong clock is named, and set right by what the service says', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  try {
    await using store = await openErrors();
    const wrong = { message: /this host's clock is wrong/, found: /HTTP 403 RequestTimeTooSkewed/, hint: /clock/ };
    await fails(store.put('dir/key', new Uint8Array(1)), { ...wrong, retry: true });
    await store.put('dir/key', new Uint8Array(1));
    await using fresh = await openErrors();
    assert.equal(await fresh.stat('other'), undefined);
  } finally {
    mock.timers.reset();
  }
});

test('an object replaced, shortened or deleted while it is read', async () => {
  await using store = await openErrors();
  await store.put('dir/key', Buffer.from('before'));
  const file = (await store.openFile('dir/key'))!;
  await store.put('dir/key', Buffer.from('behind'));
  const changed = { message: /changed while it was read/, found: /HTTP 412 PreconditionFailed/, hint: /stop/ };
  await fails(file.readInto(Buffer.alloc(6), 0), changed);
  await store.put('dir/key', Buffer.from('b'));
  await fails(file.readInto(Buffer.alloc(2), 4), { ...changed, message: /changed|shorter/, found: /HTTP 41[26]/ });
  await store.remove('dir/key');
  await fails(file.readInto(Buffer.alloc(6), 0), { message: /does not exist/, found: /HTTP 404 NoSuchKey/ });
});

test('an answer with other bytes than asked for is never taken', async () => {
  const body = 'x'.repeat(10);
  const head: Instead = { status: 200, headers: { etag: '"e"', 'content-length': '10' }, body: '' };
  const answers: Instead[] = [
    { status: 200, headers: { etag: '"e"', 'content-length': '10' }, body },
    { status: 206, headers: { etag: '"e"', 'content-range': 'bytes 0-9/10' }, body },
    { status: 206, headers: { etag: '"other"', 'content-range': 'bytes 2-4/10' }, body: 'xxx' },
    { status: 206, headers: { etag: '"e"', 'content-range': 'bytes 2-4/10' }, body: 'xxxx' },
  ];
  for (const answer of answers) {
    const choose: Choose = ({ method }) => (method === 'HEAD' ? head : answer);
    const wanted = { message: /other bytes|not answer as S3/, found: /bytes|Content-Range/ };
    await instead(choose, async (store) => (await store.openFile('dir/key'))!.readInto(Buffer.alloc(3), 2), wanted);
  }
  const half: Instead = { status: 206, headers: { etag: '"e"', 'content-range': 'bytes 2-4/10' }, body: 'xx' };
  const short: Choose = ({ method }) => (method === 'HEAD' ? head : half);
  const early = { message: /ended early/, found: /2 bytes/, hint: /^/, retry: true };
  await instead(short, async (store) => (await store.openFile('dir/key'))!.readInto(Buffer.alloc(3), 2), early);
});

for (const status of [200, 403, 404])
  test(`an endpoint that is some web server, with status ${status}`, async () => {
    await using page = await startWebServer((_request, answer) =>
      answer
        .writeHead(status, { 'content-type': 'text/html' })
        .end('<!DOCTYPE html><html><body>hello<br></body></html>'),
    );
    await using store = await openErrors({ endpoint: page.url });
    const message = /the endpoint does not answer as S3 does/;
    // Of a key that is not there, the bucket is what is asked for next.
    const wanted = { message, found: /HTTP \d+|an answer without/, file: /^s3:\/\/errors\//, hint: /endpoint/ };
    for (const call of Object.values(CALLS)) await fails(call(store), wanted);
  });

test('an endpoint that is no web server', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('220 mail.example ESMTP\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using store = await openErrors({ endpoint });
  for (const call of Object.values(CALLS))
    await fails(call(store), { message: /does not speak HTTP/, found: /HPE_INVALID/, hint: /endpoint/ });
  server.close();
});

test('TLS where there is none, no listener, no such host', async () => {
  await using tls = await openErrors({ useSsl: true, endpoint: new URL(minio.endpoint).host });
  await fails(CALLS.stat!(tls), { message: /does not speak TLS/, found: /EPROTO|ERR_SSL/, hint: /useSSL/ });
  await using refused = await openErrors({ endpoint: `http://127.0.0.1:${await freePorts(1)}` });
  await fails(CALLS.stat!(refused), { message: /nothing listens/, found: /ECONNREFUSED/, hint: /endpoint/ });
  await using nowhere = await openErrors({ endpoint: 'http://s3.invalid:9000' });
  const unknown = { message: /no address|could not be looked up/, found: /ENOTFOUND|EAI_AGAIN/, hint: /^/ };
  await fails(CALLS.stat!(nowhere), unknown).catch(() => fails(CALLS.stat!(nowhere), { ...unknown, retry: true }));
});

test('no credential was in anything that was said', () => {
  assert.ok(said.length > 100, `${said.length} messages`);
  for (const text of said) {
    for (const secret of secrets) assert.ok(!text.includes(secret), text);
    assert.doesNotMatch(text, /authorization['"]?:|AWS4-HMAC|x-amz-security-token/i);
  }
});
