/**
 * What a user is told when Google Cloud Storage is not as it should be: store, bucket, key, status and reason, what to
 * do, and never a credential. fake-gcs-server knows no logins: where it can't give an answer that Google gives, a proxy
 * gives it as Google's documentation has it, and the test says so.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ObjectStoreConfig, Store, StoreCredentials } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { openGcsStore } from '../../src/stores/gcs/store.ts';
import { type Choose, type Instead, startFaultProxy } from '../servers/faultProxy.ts';
import { freePorts } from '../servers/ports.ts';
import { gcsForTests } from '../servers/startGcs.ts';
import { temporaryFolder } from '../temporary.ts';
import { againstStrangers, CALLS, listenTo, startWebServer, type Wanted } from './failures.ts';
import { gcsPlace, openPlace } from './places.ts';

const TOKEN = 'ya29.a-token-that-must-never-be-seen';
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const ACCOUNT = { type: 'service_account', project_id: 'p', client_email: 'a@p.example', private_key: privateKey };

const gcs = await gcsForTests();
const said = listenTo(/^gs:\/\/errors\/run\/\w+\/dir\/key$/);
after(() => gcs[Symbol.asyncDispose]());
await using maker = await openPlace(gcsPlace(gcs.endpoint, { bucket: 'errors' }));
await maker.put('made', new Uint8Array(1));

function open(changes: Partial<ObjectStoreConfig> = {}, credentials: StoreCredentials = {}): Promise<Store> {
  return openPlace({ ...gcsPlace(gcs.endpoint, { bucket: 'errors', createBucket: false, ...changes }), credentials });
}

for (const [name, call] of Object.entries(CALLS))
  test(`a bucket that is not there: ${name}`, async () => {
    await using store = await open({ bucket: 'no-such-bucket' });
    await said.fails(call(store), {
      message: /the bucket does not exist|there is no such thing/,
      found: /HTTP 404 notFound from http:\/\/127/,
      file: /^gs:\/\/no-such-bucket\/run\/\w+\/dir\/key$/,
      hint: /bucket/,
    });
  });

test('a file of credentials that is not there is named by the variable that names it', async () => {
  const before = process.env.GOOGLE_APPLICATION_CREDENTIALS;
  process.env.GOOGLE_APPLICATION_CREDENTIALS = '/no/such/account.json';
  try {
    await using store = await open({ endpoint: undefined });
    await said.fails(store.stat('dir/key'), {
      message: /GOOGLE_APPLICATION_CREDENTIALS names is not there/,
      found: /ENOENT|from/,
      hint: /path/,
    });
  } finally {
    if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
    else process.env.GOOGLE_APPLICATION_CREDENTIALS = before;
  }
});

async function instead(choose: Choose, call: (store: Store) => Promise<unknown>, wanted: Wanted): Promise<void> {
  await using proxy = await startFaultProxy(gcs.endpoint, choose);
  await using store = await open({ endpoint: proxy.endpoint });
  await said.fails(call(store), wanted);
}

/** With a token in its sentence, as a careless proxy might have it. */
function refusal(code: number, reason: string, message = 'no', headers: Record<string, string> = {}): Instead {
  const body = JSON.stringify({ error: { code, message, errors: [{ reason, message }] } });
  return { status: code, body, headers: { 'content-type': 'application/json', ...headers } };
}

test('answers of Google that fake-gcs-server does not give (by a proxy)', async () => {
  const answers: [Instead, Wanted][] = [
    [
      refusal(401, 'authError', 'Invalid Credentials'),
      { message: /not valid, or has expired/, found: /HTTP 401 authError/ },
    ],
    [refusal(401, 'required', 'Anonymous caller does not …'), { message: /wants a login/, found: /HTTP 401 required/ }],
    [
      refusal(403, 'forbidden', 'x does not have …'),
      { message: /access is denied/, found: /HTTP 403/, hint: /objectAdmin/ },
    ],
    [
      refusal(403, 'accountDisabled'),
      { message: /account is shut/, found: /HTTP 403 accountDisabled/, hint: /billing/ },
    ],
    [refusal(400, 'userProjectMissing'), { message: /readers to pay/, found: /HTTP 400 userProjectMissing/ }],
    [refusal(429, 'rateLimitExceeded'), { message: /fewer requests/, found: /HTTP 429/, retry: true }],
    [refusal(503, 'backendError'), { message: /the service failed/, found: /HTTP 503 backendError/, retry: true }],
    [
      { status: 502, body: '<html>Bad Gateway</html>' },
      { message: /gateway/, found: /HTTP 502/, retry: true },
    ],
  ];
  for (const [answer, wanted] of answers)
    for (const call of Object.values(CALLS)) await instead(() => answer, call, wanted);
  const missing = refusal(404, 'notFound', 'The specified bucket does not exist.');
  await instead(() => missing, CALLS.put!, { message: /bucket does not exist/, found: /HTTP 404/, hint: /bucket/ });
  const held = refusal(403, 'retentionPolicyNotMet');
  const deleting: Choose = ({ method }) => (method === 'DELETE' ? held : undefined);
  await instead(deleting, CALLS.upload!, {
    message: /retention policy/,
    found: /HTTP 403/,
    file: /unfinished/,
    hint: /without such a policy/,
  });
});

test('how long the service asks to wait is passed on', async () => {
  await using proxy = await startFaultProxy(gcs.endpoint, () =>
    refusal(429, 'rateLimitExceeded', '', { 'retry-after': '7' }),
  );
  await using store = await open({ endpoint: proxy.endpoint });
  await assert.rejects(store.stat('x'), { retry: true, retryAfterMs: 7_000 });
  assert.equal(proxy.requests, 1, 'the driver itself tries once');
});

test('an object replaced or deleted while it is read', async () => {
  await using store = await open({ createBucket: true });
  await store.put('dir/key', Buffer.from('before'));
  const file = (await store.openFile('dir/key'))!;
  await store.put('dir/key', Buffer.from('behind'));
  const changed = { message: /changed meanwhile/, found: /HTTP 4(04|12)/, hint: /stop/ };
  await said.fails(file.readInto(Buffer.alloc(6), 0), changed);
  await store.remove('dir/key');
  await said.fails(file.readInto(Buffer.alloc(6), 0), changed);
});

test('an answer with other bytes than asked for is never taken', async () => {
  const head: Instead = { status: 200, body: '{"size":"10","generation":"77"}' };
  const media: Choose = ({ url }) => (url!.includes('alt=media') ? undefined : head);
  const read = async (store: Store) => (await store.openFile('dir/key'))!.readInto(Buffer.alloc(3), 2);
  const answer = (status: number, range: string, generation: string, body: string): Instead => ({
    status,
    body,
    headers: { 'content-range': range, 'x-goog-generation': generation },
  });
  const wrong = [
    answer(200, '', '77', 'x'.repeat(10)),
    answer(206, 'bytes 0-2/10', '77', 'xxx'),
    answer(206, 'bytes 2-4/10', '78', 'xxx'),
    answer(206, 'bytes 2-4/10', '77', 'xxxx'),
  ];
  for (const other of wrong)
    await instead((request) => media(request) ?? other, read, { message: /other bytes/, found: /bytes|range/ });
  const half = answer(206, 'bytes 2-4/10', '77', 'xx');
  await instead((request) => media(request) ?? half, read, { message: /ended early/, found: /2 bytes/, retry: true });
});

test('bytes that the service has otherwise than they were sent', async () => {
  const other: Instead = { status: 200, body: '{"size":"3","crc32c":"AAAAAA==","generation":"1"}' };
  const wanted = { message: /other bytes than were sent/, found: /3 bytes, CRC-32C AAAAAA==/, retry: true };
  await instead(() => other, CALLS.put!, wanted);
  const composed: Choose = ({ url }) => (/compose\?/.test(url!) ? { ...other } : undefined);
  await instead(composed, CALLS.upload!, { ...wanted, message: /could not compose.*other bytes/ });
});

test('an endpoint that is some web server', () => againstStrangers(said, (endpoint) => open({ endpoint })));

test('an endpoint that goes silent is given up', async () => {
  await using silent = await startWebServer(() => undefined);
  const { config, credentials } = gcsPlace(silent.url, { bucket: 'errors' });
  await using store = await openGcsStore(config, credentials, { connectMs: 100, idleMs: 100 });
  await said.fails(store.stat('dir/key'), { message: /no answer came in time/, found: /ETIMEDOUT/, retry: true });
});

test('TLS where there is none, and no listener', async () => {
  await using tls = await open({ useSsl: true, endpoint: new URL(gcs.endpoint).host });
  await said.fails(CALLS.stat!(tls), { message: /does not speak TLS/, found: /EPROTO|ERR_SSL/, hint: /useSSL/ });
  await using refused = await open({ endpoint: `http://127.0.0.1:${await freePorts(1)}` });
  await said.fails(CALLS.stat!(refused), { message: /nothing listens/, found: /ECONNREFUSED/, hint: /endpoint/ });
});

test('a service that has answered and is gone may come back', async () => {
  const proxy = await startFaultProxy(gcs.endpoint, () => undefined);
  await using store = await open({ endpoint: proxy.endpoint });
  assert.equal(await store.stat('dir/key'), undefined);
  await proxy[Symbol.asyncDispose]();
  const gone = { message: /nothing listens|the connection broke/, found: /ECONNREFUSED|ECONNRESET/, retry: true };
  // The kept connection may be found broken first.
  for (let calls = 0; calls < 2; calls++) await said.fails(store.stat('dir/key'), gone);
});

test('service accounts that are none', async () => {
  using folder = temporaryFolder();
  const file = (text: string): string => {
    writeFileSync(join(folder.path, 'key.json'), text);
    return join(folder.path, 'key.json');
  };
  const cases: [string, RegExp][] = [
    [join(folder.path, 'absent.json'), /ENOENT/],
    [file(`not JSON ${privateKey}`), /no JSON/],
    [`{not JSON ${privateKey}`, /no JSON/],
    [JSON.stringify({ ...ACCOUNT, private_key: undefined }), /no private_key/],
    [JSON.stringify({ ...ACCOUNT, client_email: 7 }), /no client_email/],
  ];
  for (const [serviceAccount, found] of cases) {
    const error = await open({}, { serviceAccount }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof MigrateError);
    assert.equal(error.code, 'E_CONFIG');
    assert.match(error.found ?? '', found);
    assert.ok(!JSON.stringify(error).includes('PRIVATE KEY'));
  }
});

test('a private key that can not be read', async () => {
  const serviceAccount = JSON.stringify({ ...ACCOUNT, private_key: privateKey.replace('MII', 'XXX') });
  await using store = await open({}, { serviceAccount });
  await said.fails(CALLS.stat!(store), { message: /private key .* can not be read/, found: /from http/, hint: /key/ });
});

/** An identity of another cloud, whose token service may be anywhere: Google's own can not be reached from a test. */
function otherIdentity(tokenUrl: string, folder: string): string {
  const subject = join(folder, 'subject');
  writeFileSync(subject, TOKEN);
  return JSON.stringify({
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: tokenUrl,
    credential_source: { file: subject },
  });
}

test('what the token service says (by a stand-in)', async () => {
  using folder = temporaryFolder();
  const says = async (status: number, body: unknown, wanted: Wanted): Promise<void> => {
    await using service = await startWebServer((_request, answer) =>
      answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
    await using store = await open({}, { serviceAccount: otherIdentity(`${service.url}/v1/token`, folder.path) });
    await said.fails(CALLS.stat!(store), wanted);
  };
  const clock = 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
  const grant = { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' };
  await says(400, grant, { message: /signing in: the key .* is not accepted/, found: /HTTP 400/ });
  await says(
    400,
    { ...grant, error_description: clock },
    { message: /clock is wrong/, found: /HTTP 400/, hint: /NTP/ },
  );
});

test('a token is asked for, and goes with every request', async () => {
  using folder = temporaryFolder();
  await using service = await startWebServer((_request, answer) =>
    answer
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access_token: TOKEN, expires_in: 3600, token_type: 'Bearer', issued_token_type: 'x' })),
  );
  const seen = new Set<string | undefined>();
  await using proxy = await startFaultProxy(gcs.endpoint, (request) => {
    seen.add(request.headers.authorization);
    return undefined;
  });
  const serviceAccount = otherIdentity(`${service.url}/v1/token`, folder.path);
  await using store = await open({ endpoint: proxy.endpoint }, { serviceAccount });
  await CALLS.upload!(store);
  assert.equal((await store.stat('dir/key'))?.size, 17_000_000);
  assert.deepEqual([...seen], [`Bearer ${TOKEN}`]);
});

test('no credential was in anything that was said', () => {
  said.scan([TOKEN, privateKey, privateKey.split('\n')[1]!], 60);
});
