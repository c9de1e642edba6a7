/** Asking again for what may be had later: how often, and how long to wait in between. */
import { tellAgain } from '../../core/again.ts';
import { fromPlain, type MigrateError, toPlain } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import { MALFORMED } from './page.ts';

/** With the waits below about two minutes: a node that restarts is there again by then. */
const ATTEMPTS = 20;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;
/** So often the same fault in the same answer: it is in a document, not on the way. */
const SAME_FAULTS = 3;

export interface Patience {
  /**
   * Waits before the next attempt. @throws `error` where asking again can't help, or has not helped long enough, and
   * E_INTERRUPTED. What is in a document is there when its part is begun anew, too: then it is no error to `retry`.
   */
  wait(error: MigrateError): Promise<void>;
  /** It worked. */
  renew(): void;
}

export function createPatience(): Patience {
  let failed = 0;
  let fault: string | undefined;
  let same = 0;
  return {
    async wait(error) {
      failed++;
      const found = faultIn(error);
      same = found !== undefined && found === fault ? same + 1 : 1;
      fault = found;
      if (fault !== undefined && same >= SAME_FAULTS) throw fromPlain({ ...toPlain(error), retry: false });
      if (!error.retry || failed >= ATTEMPTS) throw error;
      tellAgain(error, failed);
      // Elasticsearch's own word counts for more.
      await pause(error.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failed - 1)));
    },
    renew() {
      failed = 0;
    },
  };
}

/** What is malformed in an answer, and at which document; the bytes before it are as many as the time that it took has digits. */
function faultIn({ message, found }: MigrateError): string | undefined {
  return message === MALFORMED ? found?.replace(/byte \d+|\d+ bytes/g, '') : undefined;
}
