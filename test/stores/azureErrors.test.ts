/**
 * What a user is told when Azure Blob Storage is not as it should be, on a real Azurite: store, container, key, status
 * and code, what to do, and never a credential. Where Azurite can't give an answer that Azure gives, a proxy gives it
 * as Azure's documentation has it, and the test says so.
 */
import assert from 'node:assert/strict';
import { after, mock, test } from 'node:test';
import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import type { ObjectStoreConfig, Store, StoreCredentials } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { openAzureStore } from '../../src/stores/azure/store.ts';
import { type Choose, type Instead, startFaultProxy } from '../servers/faultProxy.ts';
import { freePorts } from '../servers/ports.ts';
import { azuriteForTests } from '../servers/startAzurite.ts';
import { againstStrangers, CALLS, listenTo, startWebServer, upload, type Wanted } from './failures.ts';
import { azurePlace, openPlace } from './places.ts';

const OTHER_KEY = Buffer.from('another key for tests that must never be seen, 64 bytes as theirs').toString('base64');

const azurite = await azuriteForTests();
const said = listenTo(/^az:\/\/errors\/run\/\w+\/dir\/key$/);
const secrets = new Set([azurite.key, OTHER_KEY]);
after(() => azurite[Symbol.asyncDispose]());
await using maker = await openPlace(azurePlace(azurite, { bucket: 'errors' }));
await maker.put('made', new Uint8Array(1));

function open(changes: Partial<ObjectStoreConfig> = {}, credentials?: StoreCredentials): Promise<Store> {
  const place = azurePlace(azurite, { bucket: 'errors', createBucket: false, ...changes });
  return openPlace({ ...place, credentials: credentials ?? place.credentials });
}

/** A signature for the container, as the portal makes them. */
function signature(letters: string, { minutes = 60 } = {}): string {
  const sas = generateBlobSASQueryParameters(
    {
      containerName: 'errors',
      permissions: ContainerSASPermissions.parse(letters),
      startsOn: new Date(Date.now() - 7_200_000),
      expiresOn: new Date(Date.now() + minutes * 60_000),
      protocol: SASProtocol.HttpsAndHttp,
    },
    new StorageSharedKeyCredential(azurite.account, azurite.key),
  ).toString();
  secrets.add(new URLSearchParams(sas).get('sig')!);
  secrets.add(/sig=([^&]*)/.exec(sas)![1]!);
  return sas;
}

/** One test a call: all of them fail alike. */
function allCalls(what: string, opening: () => Promise<Store>, wanted: Wanted): void {
  for (const [name, call] of Object.entries(CALLS))
    test(`${what}: ${name}`, async () => {
      await using store = await opening();
      await said.fails(call(store), wanted);
    });
}

allCalls('a container that is not there', () => open({ bucket: 'no-such-container' }), {
  message: /the container does not exist/,
  found: /HTTP 404 ContainerNotFound from http:\/\/127[\d.]+:\d+\/migratetests$/,
  file: /^az:\/\/no-such-container\/run\/\w+\/dir\/key$/,
  hint: /container/,
});

allCalls('a wrong key', () => open({}, { accessKey: azurite.account, secretKey: OTHER_KEY }), {
  // An answer to HEAD has no sentence, and Azurite's code is that of any denial.
  message: /the key does not fit the account|access is denied/,
  found: /HTTP 403 AuthorizationFailure/,
  hint: /key/,
});

allCalls('a signature that has expired', () => open({}, { sas: signature('racwdl', { minutes: -60 }) }), {
  message: /signature has expired|access is denied|does not fit/,
  found: /HTTP 403/,
});

test('a signature opens the store, with a question mark or without, and as a connection string', async () => {
  const sas = signature('racwdl');
  const ways: StoreCredentials[] = [
    { sas },
    { sas: `?${sas}` },
    { connectionString: `BlobEndpoint=${azurite.endpoint};SharedAccessSignature=${sas}` },
    {
      connectionString: `DefaultEndpointsProtocol=http;AccountName=${azurite.account};AccountKey=${azurite.key};BlobEndpoint=${azurite.endpoint}/;`,
    },
  ];
  for (const credentials of ways) {
    const endpoint = credentials.connectionString === undefined ? azurite.endpoint : undefined;
    await using store = await open({ endpoint }, credentials);
    await upload(store, 17_000_000);
    await store.move('dir', 'moved');
    assert.equal((await store.stat('moved/key'))?.size, 17_000_000);
    await store.remove('moved');
    assert.equal(await store.stat('moved/key'), undefined);
  }
});

test('rights that do not suffice', async () => {
  await using store = await open({}, { sas: signature('r') });
  const denied = { message: /access is denied/, found: /HTTP 403 AuthorizationPermissionMismatch/, hint: /right/ };
  assert.equal(await store.stat('dir/key'), undefined);
  for (const name of ['list', 'put', 'upload']) await said.fails(CALLS[name]!(store), denied);
});

async function instead(choose: Choose, call: (store: Store) => Promise<unknown>, wanted: Wanted): Promise<void> {
  await using proxy = await startFaultProxy(azurite.endpoint, choose);
  await using store = await open({ endpoint: `${proxy.endpoint}/${azurite.account}` });
  await said.fails(call(store), wanted);
}

/** With the key in its sentence, as a careless proxy might have it. */
function refusal(status: number, code: string, detail = '', headers: Record<string, string> = {}): Instead {
  const more = detail === '' ? '' : `<AuthenticationErrorDetail>${detail}</AuthenticationErrorDetail>`;
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>for ${azurite.key}</Message>${more}</Error>`;
  const own = { 'content-type': 'application/xml', 'x-ms-request-id': '1', 'x-ms-error-code': code };
  return { status, body, headers: { ...own, ...headers } };
}

test('answers of Azure that Azurite does not give (by a proxy)', async () => {
  const frame = 'Signature not valid in the specified time frame: Start [Sat] - Expiry [Sun] - Current [Mon]';
  const lifetime = 'Lifetime validation failed. The token is expired.';
  const answers: [Instead, Wanted, (keyof typeof CALLS)[]?][] = [
    // An answer to HEAD has no body, and so no detail.
    [
      refusal(403, 'AuthenticationFailed', frame),
      { message: /signature has expired/, found: /HTTP 403/ },
      ['list', 'put'],
    ],
    [refusal(401, 'InvalidAuthenticationInfo', lifetime), { message: /has expired/, found: /HTTP 401/ }],
    [refusal(401, 'NoAuthenticationInformation'), { message: /wants a login/, found: /HTTP 401 NoAuth/ }],
    [refusal(403, 'AuthorizationFailure'), { message: /access is denied/, found: /HTTP 403/, hint: /network/ }],
    [
      refusal(403, 'KeyBasedAuthenticationNotPermitted'),
      { message: /takes no keys/, found: /HTTP 403/, hint: /useIAM/ },
    ],
    [refusal(409, 'BlobArchived'), { message: /archive/, found: /HTTP 409 BlobArchived/ }, ['stat', 'put']],
    [refusal(503, 'ServerBusy'), { message: /fewer requests/, found: /HTTP 503 ServerBusy/, retry: true }],
    [refusal(500, 'OperationTimedOut'), { message: /service failed/, found: /HTTP 500/, retry: true }],
    [
      { status: 502, body: '<html>Bad Gateway</html>' },
      { message: /gateway/, found: /HTTP 502/, retry: true },
    ],
  ];
  for (const [answer, wanted, names = Object.keys(CALLS)] of answers)
    for (const name of names) await instead(() => answer, CALLS[name]!, wanted);
  const damaged = { message: /damaged on the way/, found: /HTTP 400 Md5Mismatch/, retry: true };
  await instead(({ method }) => (method === 'PUT' ? refusal(400, 'Md5Mismatch') : undefined), CALLS.upload!, damaged);
});

test('a status without a code is told by itself', async () => {
  const bare = (status: number) => (): Instead => ({ status, body: '', headers: { 'x-ms-request-id': '1' } });
  await instead(bare(403), CALLS.stat!, { message: /access is denied/, found: /HTTP 403 from/ });
  await instead(bare(400), CALLS.stat!, { message: /refused/, found: /HTTP 400 from/ });
  await instead(bare(404), CALLS.stat!, { message: /container does not exist/, found: /HTTP 404/, hint: /container/ });
});

test('how long the service asks to wait is passed on', async () => {
  await using proxy = await startFaultProxy(azurite.endpoint, () =>
    refusal(503, 'ServerBusy', '', { 'retry-after': '7' }),
  );
  await using store = await open({ endpoint: `${proxy.endpoint}/${azurite.account}` });
  await assert.rejects(store.stat('x'), { retry: true, retryAfterMs: 7_000 });
  assert.equal(proxy.requests, 1, 'the driver itself tries once');
});

test('a wrong clock is named', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  try {
    const late = 'Request date header too old: Sat, 21 Nov 2026 10:00:00 GMT';
    const answer = refusal(403, 'AuthenticationFailed', late);
    await instead(() => answer, CALLS.list!, { message: /clock is wrong/, found: /HTTP 403/, hint: /NTP/ });
  } finally {
    mock.timers.reset();
  }
});

test('an object replaced or deleted while it is read', async () => {
  await using store = await open();
  await store.put('dir/key', Buffer.from('before'));
  const file = (await store.openFile('dir/key'))!;
  await store.put('dir/key', Buffer.from('behind'));
  const changed = { message: /changed while it was read/, found: /HTTP 4(04|12)/, hint: /stop/ };
  await said.fails(file.readInto(Buffer.alloc(6), 0), changed);
  await store.remove('dir/key');
  await said.fails(file.readInto(Buffer.alloc(6), 0), changed);
});

test('an answer with other bytes than asked for is never taken', async () => {
  const own = { 'x-ms-request-id': '1', 'last-modified': 'Sat, 21 Nov 2026 10:00:00 GMT' };
  const head: Instead = { status: 200, body: '', headers: { ...own, etag: '"e"', 'content-length': '10' } };
  const read = async (store: Store) => (await store.openFile('dir/key'))!.readInto(Buffer.alloc(3), 2);
  const answer = (status: number, range: string, etag: string, body: string): Instead => ({
    status,
    body,
    headers: { ...own, 'content-range': range, etag, 'content-length': `${body.length}` },
  });
  const wrong = [
    answer(206, 'bytes 0-2/10', '"e"', 'xxx'),
    answer(206, 'bytes 2-4/10', '"other"', 'xxx'),
    answer(200, '', '"e"', 'x'.repeat(10)),
  ];
  for (const other of wrong)
    await instead(({ method }) => (method === 'HEAD' ? head : other), read, {
      message: /other bytes/,
      found: /bytes|range/,
    });
  const half = {
    ...answer(206, 'bytes 2-4/10', '"e"', 'xx'),
    headers: { ...answer(206, 'bytes 2-4/10', '"e"', 'xx').headers },
  };
  const short: Choose = ({ method }) => (method === 'HEAD' ? head : half);
  await instead(short, read, { message: /ended early/, found: /2 bytes/, retry: true });
});

test('an endpoint that is some web server', () => againstStrangers(said, (endpoint) => open({ endpoint })));

test('an endpoint that goes silent is given up', async () => {
  await using silent = await startWebServer(() => undefined);
  const { config, credentials } = azurePlace(azurite, { bucket: 'errors', endpoint: silent.url });
  await using store = await openAzureStore(config, credentials, { connectMs: 100, idleMs: 100 });
  await said.fails(store.stat('dir/key'), { message: /no answer came in time/, found: /ETIMEDOUT/, retry: true });
});

test('TLS where there is none, and no listener', async () => {
  await using tls = await open({ useSsl: true, endpoint: new URL(azurite.endpoint).host });
  await said.fails(CALLS.stat!(tls), { message: /does not speak TLS/, found: /EPROTO|ERR_SSL/, hint: /useSSL/ });
  await using refused = await open({ endpoint: `http://127.0.0.1:${await freePorts(1)}` });
  await said.fails(CALLS.stat!(refused), { message: /nothing listens/, found: /ECONNREFUSED/, hint: /endpoint/ });
});

test('a service that has answered and is gone may come back', async () => {
  const proxy = await startFaultProxy(new URL(azurite.endpoint).origin, () => undefined);
  await using store = await open({ endpoint: `${proxy.endpoint}${new URL(azurite.endpoint).pathname}` });
  assert.equal(await store.stat('dir/key'), undefined);
  await proxy[Symbol.asyncDispose]();
  const gone = { message: /nothing listens|the connection broke/, found: /ECONNREFUSED|ECONNRESET/, retry: true };
  // The kept connection may be found broken first.
  for (let calls = 0; calls < 2; calls++) await said.fails(store.stat('dir/key'), gone);
});

test('a role wants https', async () => {
  await using store = await open({ useIam: true });
  await said.fails(CALLS.stat!(store), {
    message: /a role can not be used without https/,
    found: /from http/,
    hint: /https/,
  });
});

test('accounts that can not be told from the configuration', async () => {
  const cases: [Partial<ObjectStoreConfig>, StoreCredentials, RegExp][] = [
    [{ endpoint: undefined }, {}, /no account/],
    [{ endpoint: undefined }, { accessKey: 'No/Account', secretKey: OTHER_KEY }, /impossible name/],
    [{}, { secretKey: OTHER_KEY }, /only the key/],
    [{}, { connectionString: `AccountKey=${OTHER_KEY}` }, /without AccountName/],
  ];
  for (const [changes, credentials, found] of cases) {
    const error = await open(changes, credentials).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof MigrateError);
    assert.equal(error.code, 'E_CONFIG');
    assert.match(error.found ?? '', found);
    assert.ok(!JSON.stringify(error).includes(OTHER_KEY));
  }
});

test('no credential was in anything that was said', () => {
  said.scan([...secrets], 60);
});
