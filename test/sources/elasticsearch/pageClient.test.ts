/** Pages over a bare connection: who is asked, as whom, and what goes wrong on the way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { ElasticCredentials } from '../../../src/config/elasticsearch.ts';
import { Secret } from '../../../src/config/secret.ts';
import { cloudAddress, createPageClient, type PageClient } from '../../../src/sources/elasticsearch/pageClient.ts';

const PRODUCT = { 'x-elastic-product': 'Elasticsearch' };

async function serve(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function clientOf(nodes: readonly string[], more: { credentials?: ElasticCredentials; timeoutMs?: number } = {}) {
  return createPageClient({ nodes, credentials: { kind: 'none' }, tls: {}, timeoutMs: 5_000, ...more });
}

async function page(client: PageClient): Promise<string> {
  const pieces: Buffer[] = [];
  const request = { method: 'POST', path: '/_search?a=1', headers: { accept: 'application/json' }, body: '{"ü":1}' };
  await client.send(request, (piece) => void pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces).toString();
}

test('a request is what was asked, as who was said, below the path of the node', async () => {
  const seen: { request: IncomingMessage; body: string }[] = [];
  await using server = await serve(async (request, response) => {
    seen.push({ request, body: Buffer.concat(await request.toArray()).toString() });
    response.writeHead(200, PRODUCT).end('whole');
  });
  const logins: readonly (readonly [ElasticCredentials, string | undefined])[] = [
    [{ kind: 'none' }, undefined],
    [{ kind: 'basic', user: 'jö', password: new Secret('p:w') }, `Basic ${Buffer.from('jö:p:w').toString('base64')}`],
    [{ kind: 'apiKey', key: new Secret('a2V5') }, 'ApiKey a2V5'],
    [{ kind: 'serviceToken', token: new Secret('AAE') }, 'Bearer AAE'],
  ];
  for (const [credentials, wanted] of logins) {
    const client = clientOf([`${server.url}/es/`], { credentials });
    assert.equal(await page(client), 'whole');
    assert.equal(await page(client), 'whole');
    client.close();
    const [first, second] = seen.splice(0);
    assert.equal(first!.request.headers.authorization, wanted);
    assert.deepEqual([first!.request.method, first!.request.url, first!.body], ['POST', '/es/_search?a=1', '{"ü":1}']);
    // One connection for all pages.
    assert.equal(first!.request.socket, second!.request.socket);
  }
});

test('a node that fails: an error, and the next one is asked next', async () => {
  let broken = 0;
  await using bad = await serve((_, response) => {
    broken++;
    response.writeHead(200, { ...PRODUCT, 'content-length': 100 });
    response.write('half', () => response.destroy());
  });
  await using good = await serve((_, response) => void response.writeHead(200, PRODUCT).end('whole'));
  const client = clientOf([bad.url, good.url]);
  await assert.rejects(page(client));
  assert.equal(await page(client), 'whole');
  assert.equal(await page(client), 'whole');
  assert.equal(broken, 1);
  client.close();
});

test('silence, before an answer and in the middle of one', async () => {
  for (const begin of [false, true]) {
    await using server = await serve((_, response) => {
      if (begin) response.writeHead(200, PRODUCT).write('half');
    });
    const client = clientOf([server.url], { timeoutMs: 150 });
    await assert.rejects(page(client), /timed out/);
    client.close();
  }
});

test('who takes no more gets no more, and his error', async () => {
  await using server = await serve((_, response) => void response.writeHead(200, PRODUCT).end('x'.repeat(1e6)));
  const client = clientOf([server.url]);
  let pieces = 0;
  const take = (): void => {
    pieces++;
    throw new RangeError('enough');
  };
  await assert.rejects(client.send({ method: 'GET', path: '/', headers: {}, body: undefined }, take), /enough/);
  assert.equal(pieces, 1);
  client.close();
});

test('what is no Elasticsearch is told by its answer', async () => {
  await using server = await serve((_, response) => void response.end('{}'));
  const client = clientOf([server.url]);
  await assert.rejects(page(client), { name: 'ProductNotSupportedError' });
  client.close();
});

test('cloud ids', () => {
  const id = (text: string): string => `name:${Buffer.from(text).toString('base64')}`;
  assert.equal(cloudAddress(id('eu-west-1.aws.found.io$abc$def')), 'https://abc.eu-west-1.aws.found.io');
  assert.equal(cloudAddress(id('host.example:9243$abc$')), 'https://abc.host.example:9243');
  for (const wrong of ['', 'a', 'a:b', id('$abc'), id('host')]) assert.equal(cloudAddress(wrong), undefined);
});
