import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectStoreConfig, StoreCredentials } from '../../../src/core/contracts.ts';
import { azureAccess } from '../../../src/stores/azure/access.ts';

const CONFIG: ObjectStoreConfig = {
  scheme: 'az',
  bucket: 'c',
  root: '',
  endpoint: undefined,
  region: undefined,
  useSsl: undefined,
  pathStyle: undefined,
  useIam: false,
  iamEndpoint: undefined,
  createBucket: false,
  credentials: 'files',
  maxMbps: undefined,
};
const KEY: StoreCredentials = { accessKey: 'acc', secretKey: 'a2V5' };

function urlOf(changes: Partial<ObjectStoreConfig>, credentials: StoreCredentials = KEY): string {
  return azureAccess({ ...CONFIG, ...changes }, credentials).url.href;
}

test('where the service is', () => {
  assert.equal(urlOf({}), 'https://acc.blob.core.windows.net/');
  // As Milvus's own configuration has it.
  assert.equal(urlOf({ endpoint: 'core.windows.net:443', useSsl: true }), 'https://acc.blob.core.windows.net/');
  assert.equal(urlOf({ endpoint: 'core.chinacloudapi.cn' }), 'https://acc.blob.core.chinacloudapi.cn/');
  assert.equal(urlOf({ endpoint: 'https://acc.blob.core.windows.net' }), 'https://acc.blob.core.windows.net/');
  assert.equal(urlOf({ endpoint: 'http://127.0.0.1:10000' }), 'http://127.0.0.1:10000/acc');
  assert.equal(urlOf({ endpoint: 'http://127.0.0.1:10000/other' }), 'http://127.0.0.1:10000/other');
  assert.equal(urlOf({ endpoint: 'blobs.example:8443', useSsl: false }), 'http://blobs.example:8443/');
});

test('a connection string as the portal shows it', () => {
  const connectionString =
    'DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5==;EndpointSuffix=core.windows.net';
  const access = azureAccess(CONFIG, { connectionString });
  assert.equal(access.url.href, 'https://acc.blob.core.windows.net/');
  assert.deepEqual(access.login, { kind: 'key', account: 'acc', key: 'a2V5==' });
  assert.ok(access.secrets.includes('a2V5=='));
});

test('who we are', () => {
  const login = (changes: Partial<ObjectStoreConfig>, credentials: StoreCredentials) =>
    azureAccess({ ...CONFIG, ...changes }, credentials).login.kind;
  assert.equal(login({}, KEY), 'key');
  assert.equal(login({ useIam: true }, KEY), 'default');
  assert.equal(login({}, { accessKey: 'acc' }), 'default');
  assert.deepEqual(azureAccess(CONFIG, { accessKey: 'acc', sas: '?sv=1&sig=a%2Bb' }).login, {
    kind: 'sas',
    sas: 'sv=1&sig=a%2Bb',
  });
  assert.deepEqual(azureAccess(CONFIG, { accessKey: 'acc', sas: 'sv=1&sig=a%2Bb' }).secrets, [
    'sv=1&sig=a%2Bb',
    'a%2Bb',
    'a+b',
  ]);
});
