/** Documents that Elasticsearch does not give back as they were sent, but writes anew. */
import type { Raw, Reading } from './raw.ts';

/**
 * Where `_source` leaves something out, the rest is parsed and written again (8.19): `1.10` comes as `1.1`, `1e2` as
 * `100.0`, digits beyond a double not at all. Whole numbers and texts come as they were.
 * @returns the same answer, whose fractions are not what was sent
 */
export function writtenAnew(reading: Reading): Reading {
  return { ...reading, rawAt: (at) => marked(reading.rawAt(at)) };
}

function marked(raw: Raw): Raw {
  if (raw.kind === 'array') return { ...raw, items: raw.items.map(marked) };
  return raw.kind === 'number' && /[.eE]/.test(raw.text) ? { ...raw, asSent: false } : raw;
}
