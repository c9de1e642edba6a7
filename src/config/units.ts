/** Numbers as people write them in flags and configuration files. */

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Milvus refuses import files above this (16 GiB). */
export const MAX_PART_BYTES = 16 * 2 ** 30;

export const BYTES_WANTED = 'a size of 1 byte to 16 GiB, such as 512MB, 256MiB, 2GB or a number of bytes';

/** `512MB`, `1.5 GiB`, `1048576`; undefined: not a size that a part can have. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = match === null ? undefined : BYTE_UNITS[match[2]!.toLowerCase()];
  if (match === null || unit === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * unit);
  return bytes >= 1 && bytes <= MAX_PART_BYTES ? bytes : undefined;
}

/** A whole number from `min` to `max` in plain digits; undefined: it is not. */
export function parseWhole(text: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
