/** A real Elasticsearch on loopback, plain, or with TLS and logins. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServerOptions, startServer, type TestServer } from './supervised.ts';

/** Where an Elasticsearch is and what opens it. */
export interface ElasticsearchAccess {
  /** http://127.0.0.1:port, or https://… */
  readonly url: string;
  /** Who may do everything; undefined: it asks nobody. */
  readonly login: { readonly user: string; readonly password: string } | undefined;
  /** File of the certificate of who signed its own; undefined: without TLS. */
  readonly caFile: string | undefined;
}

export interface ElasticsearchServer extends TestServer {
  readonly access: ElasticsearchAccess;
}

export interface ElasticsearchOptions extends ServerOptions {
  /** TLS, passwords and API keys. */
  readonly secured?: boolean;
  /** More lines of elasticsearch.yml. */
  readonly settings?: string;
}

/** One node. Takes two ports from `port` on. */
export async function startElasticsearch(options: ElasticsearchOptions = {}): Promise<ElasticsearchServer> {
  const { secured = false, settings = '', ...rest } = options;
  const login = { user: 'elastic', password: 'elastic-test-password' };
  const env = { ...rest.env, ES_PASSWORD: login.password, ES_SETTINGS: settings, ES_SECURITY: secured ? '1' : '0' };
  const server = await startServer({ script: 'elasticsearch.sh', ports: 2 }, { ...rest, env });
  const access: ElasticsearchAccess = secured
    ? { url: `https://${server.address}`, login, caFile: join(server.dataDir, 'home/config/ca.crt') }
    : { url: `http://${server.address}`, login: undefined, caFile: undefined };
  // Defined on the server itself: a copy would freeze its pid.
  return Object.assign(server, { access });
}

/** The one that the test run started for all (TEST_ELASTICSEARCH: its URL), or one of this file's own, with how to end it. */
export async function elasticsearchForTests(): Promise<{ readonly url: string } & AsyncDisposable> {
  const url = process.env.TEST_ELASTICSEARCH;
  if (url !== undefined) return { url, [Symbol.asyncDispose]: async () => undefined };
  const server = await startElasticsearch();
  return { url: server.access.url, [Symbol.asyncDispose]: () => server.stop() };
}

/** What the tests ask of a server: as its administrator would, without the code under test. */
export interface Administrator {
  /** Sends JSON (a text as it is) and returns the JSON that came back. @throws where the answer is an error */
  call(method: string, path: string, body?: object | string): Promise<Record<string, unknown>>;
  /** Stores documents (`_source` may be JSON text, sent as it is) and makes them visible. @throws where one is refused */
  store(index: string, documents: readonly { readonly id: string; readonly source: unknown }[]): Promise<void>;
}

export async function administrator({ url, login, caFile }: ElasticsearchAccess): Promise<Administrator> {
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  const auth = login === undefined ? null : `${login.user}:${login.password}`;
  const sendOnce = async (method: string, path: string, body: string | undefined) => {
    const outgoing = (ca === undefined ? http : https).request(new URL(path, url), {
      method,
      auth,
      headers:
        body === undefined
          ? {}
          : // Node sends no length by itself with a DELETE.
            { 'content-type': 'application/x-ndjson', 'content-length': Buffer.byteLength(body) },
      ...(ca === undefined ? {} : { ca }),
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: answer.statusCode!, text: Buffer.concat(await answer.toArray()).toString('utf8') };
  };
  const send = async (method: string, path: string, body: string | undefined): Promise<Record<string, unknown>> => {
    for (let tries = 1; ; tries++) {
      const { status, text } = await sendOnce(method, path, body);
      // Its small heap is full of what was freed and not collected yet: it says that this passes.
      if (status === 429 && tries < TRIES_WHILE_FULL) await delay(PAUSE_WHILE_FULL_MS);
      else if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
      else return text === '' ? {} : JSON.parse(text);
    }
  };
  const call: Administrator['call'] = (method, path, body) =>
    send(method, path, typeof body === 'object' ? JSON.stringify(body) : body);
  return {
    call,
    async store(index, documents) {
      for (let from = 0; from < documents.length; from += BULK_DOCUMENTS) {
        const lines = documents.slice(from, from + BULK_DOCUMENTS).map(({ id, source }) => {
          const text = typeof source === 'string' ? source : JSON.stringify(source);
          return `${JSON.stringify({ index: { _id: id } })}\n${text}\n`;
        });
        const answer = await send('POST', `/${index}/_bulk?refresh=true`, lines.join(''));
        if (answer.errors !== false) throw new Error(`_bulk: ${JSON.stringify(answer.items).slice(0, 1_000)}`);
      }
    },
  };
}

const BULK_DOCUMENTS = 500;
const TRIES_WHILE_FULL = 60;
const PAUSE_WHILE_FULL_MS = 500;
