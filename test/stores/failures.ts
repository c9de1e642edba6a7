/** What the tests of errors share: calls that a run makes, what each must say, and what it must never say. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { Store } from '../../src/core/contracts.ts';
import { MigrateError, toPlain } from '../../src/core/errors.ts';

export interface Wanted {
  readonly message: RegExp;
  readonly found: RegExp;
  /** What the message must name; the key, or the bucket where it is about that. */
  readonly file?: RegExp;
  readonly hint?: RegExp;
  readonly retry?: boolean;
}

/** Every kind of call that a run makes, each on the same key. */
export const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  stat: (store) => store.stat('dir/key'),
  open: (store) => store.openFile('dir/key'),
  list: (store) => store.list('dir/key')[Symbol.asyncIterator]().next(),
  put: (store) => store.put('dir/key', new Uint8Array(3)),
  upload: (store) => upload(store, 17_000_000),
};

export async function upload(store: Store, bytes: number): Promise<void> {
  const group = await store.begin('dir', async () => undefined);
  const writer = await group.create('key');
  await writer.write(new Uint8Array(bytes));
  await writer.close();
  await group.commit();
}

/** All that was ever said by one driver. */
export interface Said {
  fails(call: Promise<unknown>, wanted: Wanted): Promise<void>;
  /** Neither a secret nor what looks like a signed request was in anything. */
  scan(secrets: readonly string[], atLeast: number): void;
}

/** @param place of `dir/key`, as messages must name it */
export function listenTo(place: RegExp): Said {
  const said: string[] = [];
  return {
    async fails(call, { message, found, file = place, hint, retry = false }) {
      const error = await call.then(
        () => assert.fail('it went well'),
        (thrown: unknown) => thrown,
      );
      said.push(inspect(error, { depth: 12, showHidden: true }), JSON.stringify(toPlain(error)));
      assert.ok(error instanceof MigrateError, inspect(error));
      assert.equal(error.code, 'E_STORE');
      assert.match(error.message, message);
      assert.match(error.found ?? '', found);
      assert.match(error.at.file ?? '', file);
      assert.match(error.hint ?? '', hint ?? (retry ? /^/ : /./));
      assert.equal(error.retry, retry, 'retry');
    },
    scan(secrets, atLeast) {
      assert.ok(said.length >= atLeast, `${said.length} messages`);
      for (const text of said) {
        for (const secret of secrets) assert.ok(!text.includes(secret), text);
        assert.doesNotMatch(text, /authorization['"]?:|SharedKey |Bearer [\w.-]{12}|sig=|BEGIN PRIVATE/i);
      }
    },
  };
}

/** Some server on loopback, for as long as the test takes. */
export async function startWebServer(answer: RequestListener): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A store's calls against what is no such store at all. */
export async function againstStrangers(said: Said, open: (endpoint: string) => Promise<Store>): Promise<void> {
  for (const status of [200, 403, 404]) {
    await using page = await startWebServer((_request, answer) =>
      answer
        .writeHead(status, { 'content-type': 'text/html' })
        .end('<!DOCTYPE html><html><body>hello<br></body></html>'),
    );
    await using store = await open(page.url);
    for (const call of Object.values(CALLS))
      await said.fails(call(store), {
        message: /the endpoint does not answer as/,
        found: new RegExp(status === 200 ? 'an answer without|from http' : `HTTP ${status} from ${page.url}`),
        file: /:\/\/errors/,
        hint: /endpoint/,
      });
  }
}
