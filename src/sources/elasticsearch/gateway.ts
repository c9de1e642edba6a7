/** Answers that are none of Elasticsearch's: somebody between us and it (a gateway, a login page) gives them. */
import { MigrateError } from '../../core/errors.ts';
import type { Asking } from './failures.ts';

/** What of an answer tells who gave it. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Of the body so much is shown. */
const SHOWN = 60;

/** Errors: E_SOURCE_UNREACHABLE where it sends elsewhere, or is what was asked for in an encoding that was not. */
export function checkHead({ status, headers }: AnswerHead, { address }: Pick<Asking, 'address'>): void {
  const at = { file: address };
  if (status >= 300 && status < 400)
    throw new MigrateError('E_SOURCE_UNREACHABLE', 'what answers there sends elsewhere', {
      at,
      // Without its query, which may hold what is secret.
      found: `${status}, to ${String(headers.location ?? 'no address').split('?')[0]}`,
      wanted: 'an answer of Elasticsearch',
      hint: 'name the address that it sends to, or that of Elasticsearch itself, past any gateway',
    });
  // An error is told by its status, which says whether it passes.
  if (status >= 300) return;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new MigrateError('E_SOURCE_UNREACHABLE', 'an answer is compressed though nobody asked for that', {
      at,
      found: `content-encoding: ${String(encoding)}`,
      wanted: 'none',
      hint: 'have the gateway in between not compress, or name the address of Elasticsearch itself',
    });
}

/** Errors: E_READ (retry) where it is no JSON object: a page, or nothing. */
export function checkObject(body: unknown, { address, asked, index }: Asking): void {
  if (typeof body === 'object' && body !== null) return;
  const text = typeof body === 'string' ? body.trim() : '';
  throw new MigrateError('E_READ', `Elasticsearch was to ${asked}, and what came is no answer of it`, {
    at: { ...(index === undefined ? {} : { collection: index }), file: address },
    found: text === '' ? 'nothing' : JSON.stringify(text.slice(0, SHOWN)),
    wanted: 'a JSON object',
    hint: 'a gateway in between may have answered',
    retry: true,
  });
}
