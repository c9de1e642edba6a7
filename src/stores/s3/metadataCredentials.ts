/**
 * Credentials of the machine's role from an instance metadata service (IMDSv2) at an address of its own: `iamEndpoint`
 * of the old configurations. The SDK's own way to it takes the address from the environment only.
 */
import { MigrateError, messageOf } from '../../core/errors.ts';

/** What the SDK wants of a provider; it asks again shortly before `expiration`. */
export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

const TOKEN_SECONDS = 21_600;
const PATIENCE_MS = 5_000;
const ROLES = '/latest/meta-data/iam/security-credentials/';

/** @param endpoint `http://169.254.169.254` or the like, or the host alone: such services speak plain HTTP */
export function metadataCredentials(endpoint: string): () => Promise<TemporaryCredentials> {
  const base = `${/^https?:\/\//i.test(endpoint) ? '' : 'http://'}${endpoint.replace(/\/+$/, '')}`;
  return async () => {
    const token = await ask(`${base}/latest/api/token`, 'PUT', {
      'x-aws-ec2-metadata-token-ttl-seconds': `${TOKEN_SECONDS}`,
    });
    const headers = { 'x-aws-ec2-metadata-token': token };
    const role = (await ask(`${base}${ROLES}`, 'GET', headers)).split('\n', 1)[0]!.trim();
    return parsed(await ask(`${base}${ROLES}${role}`, 'GET', headers), base);
  };
}

async function ask(url: string, method: string, headers: Record<string, string>): Promise<string> {
  try {
    const answer = await fetch(url, { method, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw failure(url, `HTTP ${answer.status}`, answer.status >= 500);
    return await answer.text();
  } catch (thrown) {
    throw thrown instanceof MigrateError ? thrown : failure(url, messageOf(thrown), true);
  }
}

function failure(url: string, found: string, retry: boolean): MigrateError {
  return new MigrateError('E_STORE', 'no credentials came from the metadata service', {
    at: { file: url },
    found,
    retry,
    hint: 'check iamEndpoint, and that this machine has a role',
  });
}

function parsed(text: string, base: string): TemporaryCredentials {
  const answer = parseJson(text);
  const [accessKeyId, secretAccessKey, sessionToken] = [answer.AccessKeyId, answer.SecretAccessKey, answer.Token];
  const expiration = new Date(String(answer.Expiration));
  const texts = typeof accessKeyId === 'string' && typeof secretAccessKey === 'string';
  if (!texts || typeof sessionToken !== 'string' || Number.isNaN(expiration.getTime()))
    throw failure(base, 'an answer without AccessKeyId, SecretAccessKey, Token and Expiration', false);
  return { accessKeyId, secretAccessKey, sessionToken, expiration };
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not shown: it may be half of a key.
    return {};
  }
}
