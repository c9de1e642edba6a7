/** Whom to trust over TLS: the system's authorities, a CA file, or the one CA that has a given fingerprint. */
import { readFile } from 'node:fs/promises';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import type { ElasticAccess } from '../../config/elasticsearch.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { elasticFailure } from './failures.ts';

/** What `tls` of the client takes. `ca` is public: it may travel to workers. */
export interface Trust {
  readonly ca: string | undefined;
  readonly rejectUnauthorized: boolean;
  /** Whether the name in the certificate must be the host's. Not with a fingerprint: that CA signs for this cluster alone. */
  readonly checkHost: boolean;
}

/** Errors: E_SOURCE_NOT_FOUND (the CA file), E_SOURCE_ACCESS (the fingerprint is another's), E_SOURCE_UNREACHABLE. */
export async function trustOf(access: ElasticAccess, urls: readonly string[]): Promise<Trust> {
  if (!access.verifyTls) return { ca: undefined, rejectUnauthorized: false, checkHost: false };
  if (access.caFile !== undefined)
    return { ca: await readCa(access.caFile), rejectUnauthorized: true, checkHost: true };
  const { caFingerprint } = access;
  if (caFingerprint === undefined) return { ca: undefined, rejectUnauthorized: true, checkHost: true };
  const wanted = fingerprintOf(caFingerprint);
  let failure: unknown;
  for (const url of urls) {
    try {
      const ca = await caByFingerprint(new URL(url), { wanted, timeoutMs: access.timeoutMs });
      return { ca, rejectUnauthorized: true, checkHost: false };
    } catch (thrown) {
      // Another node may answer; a wrong fingerprint is wrong on all of them.
      if (thrown instanceof MigrateError && thrown.code === 'E_SOURCE_ACCESS') throw thrown;
      failure = thrown;
    }
  }
  throw failure;
}

async function readCa(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw new MigrateError('E_SOURCE_NOT_FOUND', 'the file of the CA certificate can not be read', {
      at: { file },
      found: messageOf(thrown),
      wanted: 'a PEM file, like the server’s config/certs/http_ca.crt',
      cause: thrown,
    });
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new MigrateError('E_CONFIG', 'the file of the CA certificate holds none', {
    at: { file },
    wanted: '-----BEGIN CERTIFICATE-----',
    hint: 'Elasticsearch writes it to config/certs/http_ca.crt',
  });
}

/** 64 hex digits in upper case. */
function fingerprintOf(text: string): string {
  const digits = text.replaceAll(':', '').toUpperCase();
  if (/^[0-9A-F]{64}$/.test(digits)) return digits;
  throw new MigrateError('E_CONFIG', 'not a SHA-256 fingerprint', {
    found: text,
    wanted: '64 hex digits, as Elasticsearch prints them at its first start',
    hint: 'openssl x509 -fingerprint -sha256 -noout -in http_ca.crt',
  });
}

interface Wanted {
  readonly wanted: string;
  readonly timeoutMs: number;
}

/**
 * Asks the server for its chain and takes from it the certificate with that fingerprint, to verify all connections
 * against it. Comparing fingerprints alone would not do: anybody can send a CA's certificate along with his own.
 */
async function caByFingerprint(url: URL, { wanted, timeoutMs }: Wanted): Promise<string> {
  const socket = connect({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 443),
    // Looked at here, trusted only by what is found.
    rejectUnauthorized: false,
    ...(/^[\d.]+$|:/.test(url.hostname) ? {} : { servername: url.hostname }),
  });
  try {
    await connected(socket, timeoutMs);
    const chain = [...issuersOf(socket.getPeerCertificate(true))];
    const found = chain.find(({ fingerprint256 }) => fingerprint256.replaceAll(':', '') === wanted);
    if (found !== undefined) return pem(found.raw);
    throw new MigrateError('E_SOURCE_ACCESS', 'no certificate of the server has the fingerprint that was given', {
      at: { file: url.origin },
      found: chain.map(({ subject, fingerprint256 }) => `${subject?.CN ?? '?'}: ${fingerprint256}`).join('; '),
      wanted,
      hint: 'the fingerprint is that of the CA, and the server must send its chain; or name the CA’s file',
    });
  } catch (thrown) {
    throw elasticFailure(thrown, { address: url.origin, asked: 'connect' });
  } finally {
    socket.destroy();
  }
}

function connected(socket: TLSSocket, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(timeoutMs, () => reject(new Error('Request timed out')));
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve());
  });
}

/** From the server's own certificate to its root, which is its own issuer. */
function* issuersOf(first: DetailedPeerCertificate): Generator<DetailedPeerCertificate> {
  const seen = new Set<string>();
  for (let next: DetailedPeerCertificate | undefined = first; next?.raw !== undefined; next = next.issuerCertificate) {
    if (seen.has(next.fingerprint256)) return;
    seen.add(next.fingerprint256);
    yield next;
  }
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
