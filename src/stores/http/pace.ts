/**
 * Which way of reading forward is quicker at this service: `ranges`, several requests at once for a piece each, or
 * `stretch`, one request for all that will be read. A request costs both sides some milliseconds of processor time, which
 * is most of it where the service is near; where it is far, or gives each connection its share, several at once are
 * quicker. Nothing that can be asked says which, so both are tried, and the better one is kept for a while.
 *
 * ```
 *   | stretch | ranges | the better one ……………………………… | stretch | ranges | …
 * ```
 */
export type Way = 'stretch' | 'ranges';

export interface Pace {
  /** Reads so many bytes the way that it is told. */
  time(bytes: number, read: (way: Way) => Promise<void>): Promise<void>;
  /** A stretch failed before it brought anything: ranges are read for a while, whatever they take. */
  refused(): void;
  /** Stretches whose answers are open. */
  stretches: number;
}

export interface PaceLimits {
  /** Bytes of each trial: those of ranges cost more. */
  readonly trial: { readonly [W in Way]: number };
  /** Bytes that are read the better way before both are tried again. */
  readonly kept: number;
  /** How much quicker ranges must be: they cost more, there and here. */
  readonly better: number;
}

export const PACE_LIMITS: PaceLimits = {
  trial: { stretch: 32 * 2 ** 20, ranges: 6 * 2 ** 20 },
  kept: 2 ** 30,
  better: 1.2,
};

/** Reads from this size on are looked at: a small one is all waiting, whichever way. */
const TELLING = 512 * 1024;

interface Trial {
  bytes: number;
  /** Milliseconds in which at least one read was under way. */
  ms: number;
  underWay: number;
  since: number;
}

const untried = (): Trial => ({ bytes: 0, ms: 0, underWay: 0, since: 0 });

export function createPace(limits: PaceLimits = PACE_LIMITS, now: () => number = () => performance.now()): Pace {
  let trials = { stretch: untried(), ranges: untried() };
  let kept = 0;
  const rate = ({ bytes, ms, underWay, since }: Trial): number => bytes / (underWay > 0 ? ms + now() - since : ms);
  const choose = (): Way => {
    const { stretch, ranges } = trials;
    if (stretch.bytes < limits.trial.stretch) return 'stretch';
    if (ranges.bytes < limits.trial.ranges) return 'ranges';
    return rate(ranges) > limits.better * rate(stretch) ? 'ranges' : 'stretch';
  };
  return {
    stretches: 0,
    refused() {
      trials.stretch.bytes = Math.max(trials.stretch.bytes, limits.trial.stretch);
      trials.stretch.ms = Number.POSITIVE_INFINITY;
    },
    async time(bytes, read) {
      const way = choose();
      if (bytes < TELLING) return read(way);
      const trial = trials[way];
      if (trial.underWay++ === 0) trial.since = now();
      try {
        await read(way);
        trial.bytes += bytes;
        kept += bytes;
      } finally {
        if (--trial.underWay === 0) trial.ms += now() - trial.since;
        if (kept >= limits.kept) {
          trials = { stretch: untried(), ranges: untried() };
          kept = 0;
        }
      }
    },
  };
}
