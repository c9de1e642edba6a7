/** What somebody between us and Elasticsearch may answer in its place: told as that, to every way of asking. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MigrateError } from '../../../src/core/errors.ts';
import { createPageBuffer, type Elastic } from '../../../src/sources/elasticsearch/connect.ts';
import { openPlain } from './open.ts';

const PRODUCT = { 'x-elastic-product': 'Elasticsearch' };
const REQUEST = { method: 'GET', path: '/docs', asked: 'read the mapping', index: 'docs' } as const;

const WAYS: Readonly<Record<string, (elastic: Elastic) => Promise<unknown>>> = {
  ask: (elastic) => elastic.ask(REQUEST),
  text: (elastic) => elastic.text(REQUEST),
  bytes: (elastic) => elastic.bytes(REQUEST, 'json', createPageBuffer()),
};

/** What is thrown, and how often it was asked. */
async function answered(
  way: (elastic: Elastic) => Promise<unknown>,
  answer: (response: ServerResponse, asked: number) => void,
): Promise<{ error: MigrateError; asked: number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    assert.equal(request.headers['accept-encoding'], 'identity');
    answer(response, asked);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const elastic = await openPlain(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const error = await way(elastic).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof MigrateError, String(error));
    return { error, asked };
  } finally {
    await elastic[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

for (const [name, way] of Object.entries(WAYS))
  test(`who sends elsewhere is told with where to, without what may be secret: ${name}`, async () => {
    const { error, asked } = await answered(way, (response) =>
      response.writeHead(302, { location: 'https://login.example/in?token=hidden' }).end(),
    );
    assert.deepEqual([error.code, error.found, asked], ['E_SOURCE_UNREACHABLE', '302, to https://login.example/in', 1]);
  });

for (const name of ['ask', 'text'])
  test(`who sends elsewhere is told, too, where something else was answered before: ${name}`, async () => {
    const { error, asked } = await answered(WAYS[name]!, (response, time) =>
      time === 1
        ? response.writeHead(503).end()
        : response.writeHead(302, { location: 'https://login.example/in' }).end(),
    );
    assert.deepEqual([error.code, error.retry, asked], ['E_SOURCE_UNREACHABLE', false, 2]);
  });

for (const name of ['text', 'bytes'])
  test(`an answer that is compressed is told as that: ${name}`, async () => {
    const { error, asked } = await answered(WAYS[name]!, (response) =>
      response.writeHead(200, { ...PRODUCT, 'content-encoding': 'gzip' }).end(gzipSync('{"docs":{}}')),
    );
    assert.deepEqual([error.code, error.found, asked], ['E_SOURCE_UNREACHABLE', 'content-encoding: gzip', 1]);
  });

for (const name of ['text', 'bytes'])
  test(`an error whose page is compressed is told by its status, and may pass: ${name}`, async () => {
    const { error, asked } = await answered(WAYS[name]!, (response) =>
      response.writeHead(503, { 'content-encoding': 'gzip' }).end(gzipSync('<html>later</html>')),
    );
    assert.deepEqual([error.code, error.retry], ['E_READ', true]);
    assert.match(error.found!, /^503 /);
    assert.equal(asked > 1, name === 'text');
  });

for (const [body, found] of [
  ['<html>log in</html>', '"<html>log in</html>"'],
  ['', 'nothing'],
] as const)
  test(`an answer to a question that is no JSON is asked for again, then told: ${found}`, async () => {
    const { error, asked } = await answered(WAYS.ask!, (response) =>
      response.writeHead(200, { ...PRODUCT, 'content-type': 'text/html' }).end(body),
    );
    assert.deepEqual([error.code, error.found], ['E_READ', found]);
    assert.ok(asked > 1);
  });
