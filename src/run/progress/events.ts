/**
 * Names the moments between which a crash means something different, on a diagnostics channel.
 *
 * Nothing listens in production, and a channel without listeners costs nothing. The crash tests subscribe from a
 * preloaded module and kill the process at the moment that they name.
 */
import { channel } from 'node:diagnostics_channel';

export type Moment =
  | 'preflight begun'
  | 'upload recorded'
  | 'batch written'
  | 'part written'
  | 'part renamed'
  | 'part recorded'
  | 'import intended'
  | 'import submitted'
  | 'import recorded'
  | 'import completed'
  | 'batch intended'
  | 'batch sent'
  | 'collection created'
  | 'collection verified'
  | 'verifying'
  | 'swap renamed old'
  | 'swap renamed new';

export const MOMENTS_CHANNEL = 'milvus-migrate:moment';

const moments = channel(MOMENTS_CHANNEL);

export function announce(moment: Moment, subject: string): void {
  if (moments.hasSubscribers) moments.publish({ moment, subject });
}
