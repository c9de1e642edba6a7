/** Numbers for people: thousands separated, bytes with a decimal unit, times as h:mm:ss. */

/** 20114220 → «20,114,220»; decimal digits as they are, for what is beyond exact numbers. */
export function count(value: number | string): string {
  return String(typeof value === 'number' ? Math.round(value) : value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** «1 row», «1,000 rows» */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** 61_200_000_000 → «61.2 GB»: three digits, powers of 1000. */
export function bytes(value: number): string {
  const { scaled, unit } = scale(value);
  return `${scaled} ${unit}`;
}

/** «37.4 / 61.2 GB», with the unit of the whole. */
export function bytesOf(part: number, whole: number): string {
  const power = powerOf(whole);
  return `${inUnit(part, power)} / ${inUnit(whole, power)} ${UNITS[power]}`;
}

function scale(value: number): { scaled: string; unit: string } {
  const power = powerOf(value);
  return { scaled: inUnit(value, power), unit: value === 1 ? 'byte' : UNITS[power]! };
}

function powerOf(value: number): number {
  // 999.6 KB would print as 1000 KB.
  let power = 0;
  while (power < UNITS.length - 1 && value / 1000 ** power >= 999.5) power++;
  return power;
}

function inUnit(value: number, power: number): string {
  if (power === 0) return String(Math.round(value));
  const scaled = value / 1000 ** power;
  return scaled.toFixed(scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2);
}

/** Milliseconds as «1.2 s» below ten seconds, then «0:20», «4:12», «1:02:03». */
export function duration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A share of 0 to 1 as «61 %»; only what is whole is 100 %. */
export function percent(share: number): string {
  return `${Math.min(100, Math.floor(share * 100 + 1e-9))} %`;
}

/** Bytes in a time as «1.21 GB/s». */
export function rate(perSecond: number): string {
  return `${bytes(perSecond)}/s`;
}

/** How long ago, roughly: «just now», «2 min ago», «3 h ago», «5 days ago». */
export function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} days ago`;
}
