/**
 * Elasticsearch's date formats (`strict_date_optional_time||epoch_millis`, patterns such as `yyyy-MM-dd HH:mm:ss`): from
 * a text to nanoseconds since 1970. What a format takes was compared with a real server.
 */

/** Nanoseconds since 1970-01-01T00:00Z; undefined: the text is not of that format. */
export type DateParser = (text: string) => bigint | undefined;

const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;
const MAX_OFFSET_SECONDS = 18 * 3600;
const YEARS_PER_ERA = 400;
const DAYS_PER_ERA = 146_097;
const MS_PER_DAY = 86_400_000;

/** A format of one or more alternatives, tried in their order; undefined: one of them is not known here. */
export function dateParser(format: string): DateParser | undefined {
  // The 8 says: Java's patterns, not Joda's. All are Java's since 7.0.
  const parsers = format.replace(/^8/, '').split('||').map(oneFormat);
  const known = parsers.filter((parser) => parser !== undefined);
  if (known.length < parsers.length) return undefined;
  return (text) => {
    for (const parser of known) {
      const nanos = parser(text);
      if (nanos !== undefined) return nanos;
    }
    return undefined;
  };
}

const ZONE = 'Z|UTC|GMT|UT|[+-]\\d{2}(?::?\\d{2}(?::?\\d{2})?)?';

const NAMED: Readonly<Record<string, DateParser>> = {
  epoch_millis: epoch(/^(-?)(\d+)(?:\.(\d{1,6}))?$/, NANOS_PER_MS, 6),
  epoch_second: epoch(/^(-?)(\d+)(?:\.(\d{1,9}))?$/, NANOS_PER_SECOND, 9),
  strict_date_optional_time: isoParser(true),
  strict_date_optional_time_nanos: isoParser(true, true),
  date_optional_time: isoParser(false),
};

/** Names that stand for a pattern. Their forms with `strict_` and without take the same, written with all its digits. */
const PATTERNS: Readonly<Record<string, string>> = {
  date: 'yyyy-MM-dd',
  year: 'yyyy',
  year_month: 'yyyy-MM',
  year_month_day: 'yyyy-MM-dd',
  date_hour: "yyyy-MM-dd'T'HH",
  date_hour_minute: "yyyy-MM-dd'T'HH:mm",
  date_hour_minute_second: "yyyy-MM-dd'T'HH:mm:ss",
  date_time_no_millis: "yyyy-MM-dd'T'HH:mm:ssX",
  basic_date: 'yyyyMMdd',
  basic_date_time_no_millis: "yyyyMMdd'T'HHmmssX",
};

function oneFormat(name: string): DateParser | undefined {
  return NAMED[name] ?? patternParser(PATTERNS[name.replace(/^strict_/, '')] ?? name);
}

/** A number of milliseconds or seconds, with a fraction of `places` digits. */
function epoch(shape: RegExp, unit: bigint, places: number): DateParser {
  return (text) => {
    const match = shape.exec(text);
    if (match === null) return undefined;
    const size = BigInt(match[2]!) * unit + BigInt((match[3] ?? '').padEnd(places, '0'));
    return match[1] === '-' ? -size : size;
  };
}

/**
 * A year, and as much more of a date and time as there is. Strict: all digits of each part. Else fewer, years of up to
 * nine, and a zone only behind minutes.
 * @param toSeconds a time has hour, minute and second
 */
function isoParser(strict: boolean, toSeconds = false): DateParser {
  const two = strict ? '\\d{2}' : '\\d{1,2}';
  const year4 = strict ? '\\d{4}' : '\\d{1,9}';
  const seconds = `(?::(${two})(?:[.,](\\d{1,9}))?)?`;
  const time = strict ? `(${two})(?::(${two})${seconds})?(${ZONE})?` : `(${two})(?::(${two})${seconds}(${ZONE})?)?`;
  const behindDay = toSeconds ? `T(${two}):(${two}):(${two})(?:[.,](\\d{1,9}))?(${ZONE})?` : `T(?:${time})?`;
  const shape = new RegExp(`^(-?${year4})(?:-(${two})(?:-(${two})(?:${behindDay})?)?)?$`);
  return (text) => {
    const match = shape.exec(text);
    if (match === null) return undefined;
    const [, year, month, day, hour, minute, second, fraction, zone] = match;
    return nanosOf({ year, month, day, hour, minute, second, fraction, zone });
  };
}

interface Parts {
  readonly year?: string | undefined;
  readonly month?: string | undefined;
  readonly day?: string | undefined;
  readonly hour?: string | undefined;
  readonly minute?: string | undefined;
  readonly second?: string | undefined;
  readonly fraction?: string | undefined;
  readonly zone?: string | undefined;
}

/** undefined: there is no such day or time. */
function nanosOf(parts: Parts): bigint | undefined {
  const number = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : Number(text);
  const [year, month, day] = [number(parts.year, Number.NaN), number(parts.month, 1), number(parts.day, 1)];
  const [hour, minute, second] = [number(parts.hour, 0), number(parts.minute, 0), number(parts.second, 0)];
  const offset = offsetSeconds(parts.zone ?? 'Z');
  if (hour > 23 || minute > 59 || second > 59 || offset === undefined) return undefined;
  // The calendar repeats itself every 400 years: so any year is one that Date has.
  const eras = Math.floor(year / YEARS_PER_ERA) - 5;
  const date = new Date(Date.UTC(year - eras * YEARS_PER_ERA, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const days = date.getTime() / MS_PER_DAY + eras * DAYS_PER_ERA;
  const seconds = BigInt(days * 86_400 + hour * 3600 + minute * 60 + second - offset);
  return seconds * NANOS_PER_SECOND + BigInt((parts.fraction ?? '').padEnd(9, '0'));
}

/** Seconds east of UTC. */
function offsetSeconds(zone: string): number | undefined {
  const match = /^([+-])(\d{2}):?(\d{2})?:?(\d{2})?$/.exec(zone);
  if (match === null) return 0;
  const [, sign, hours, minutes = '0', seconds = '0'] = match;
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return size > MAX_OFFSET_SECONDS ? undefined : sign === '-' ? -size : size;
}

/** Java's pattern letters that are known here, with what they match and name. */
const LETTERS: Readonly<Record<string, readonly [string, keyof Parts]>> = {
  yyyy: ['\\d{4}', 'year'],
  uuuu: ['-?\\d{4}', 'year'],
  MM: ['\\d{2}', 'month'],
  dd: ['\\d{2}', 'day'],
  HH: ['\\d{2}', 'hour'],
  mm: ['\\d{2}', 'minute'],
  ss: ['\\d{2}', 'second'],
  X: ['Z|[+-]\\d{2}(?:\\d{2})?', 'zone'],
  XX: ['Z|[+-]\\d{4}', 'zone'],
  XXX: ['Z|[+-]\\d{2}:\\d{2}', 'zone'],
  Z: ['[+-]\\d{4}', 'zone'],
};

/** `yyyy-MM-dd HH:mm:ss.SSS` and the like; undefined: it has letters or brackets that are not known, or no year. */
function patternParser(pattern: string): DateParser | undefined {
  let shape = '';
  const names: (keyof Parts)[] = [];
  for (const [token] of pattern.matchAll(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']/g)) {
    if (token.startsWith("'")) shape += escaped(token === "''" ? "'" : token.slice(1, -1).replaceAll("''", "'"));
    else if (!/[A-Za-z]/.test(token)) {
      if ('[]{}#'.includes(token)) return undefined;
      shape += escaped(token);
    } else {
      const known = /^S{1,9}$/.test(token) ? ([`\\d{${token.length}}`, 'fraction'] as const) : LETTERS[token];
      if (known === undefined || names.includes(known[1])) return undefined;
      shape += `(${known[0]})`;
      names.push(known[1]);
    }
  }
  if (!names.includes('year')) return undefined;
  const whole = new RegExp(`^${shape}$`);
  return (text) => {
    const match = whole.exec(text);
    return match === null
      ? undefined
      : nanosOf(Object.fromEntries(names.map((name, index) => [name, match[index + 1]])));
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
