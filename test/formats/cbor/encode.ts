/** A plain CBOR encoder after RFC 8949, for tests: every kind of item, of known and unknown length. */

export type Item =
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'f16' | 'f32' | 'f64'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string; readonly chunks: boolean }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'array'; readonly items: readonly Item[]; readonly open: boolean }
  | { readonly kind: 'map'; readonly items: readonly (readonly [Item, Item])[]; readonly open: boolean }
  | { readonly kind: 'tag'; readonly tag: number; readonly item: Item }
  | { readonly kind: 'simple'; readonly value: 20 | 21 | 22 | 23 };

function head(major: number, argument: bigint): Buffer {
  const first = major << 5;
  if (argument < 24n) return Buffer.from([first | Number(argument)]);
  for (const [low, bytes] of [
    [24, 1],
    [25, 2],
    [26, 4],
    [27, 8],
  ] as const)
    if (argument < 1n << BigInt(bytes * 8))
      return Buffer.concat([
        Buffer.from([first | low]),
        Buffer.from(argument.toString(16).padStart(bytes * 2, '0'), 'hex'),
      ]);
  throw new RangeError(String(argument));
}

export function encode(item: Item): Buffer {
  switch (item.kind) {
    case 'int':
      return item.value >= 0n ? head(0, item.value) : head(1, -1n - item.value);
    case 'f16': {
      const bytes = Buffer.alloc(3, 0xf9);
      bytes.writeUInt16BE(item.value, 1);
      return bytes;
    }
    case 'f32': {
      const bytes = Buffer.alloc(5, 0xfa);
      bytes.writeFloatBE(item.value, 1);
      return bytes;
    }
    case 'f64': {
      const bytes = Buffer.alloc(9, 0xfb);
      bytes.writeDoubleBE(item.value, 1);
      return bytes;
    }
    case 'text': {
      const bytes = Buffer.from(item.value);
      const whole = Buffer.concat([head(3, BigInt(bytes.length)), bytes]);
      return item.chunks ? Buffer.concat([Buffer.from([0x7f]), whole, whole, Buffer.from([0xff])]) : whole;
    }
    case 'bytes':
      return Buffer.concat([head(2, BigInt(item.value.length)), item.value]);
    case 'array':
    case 'map': {
      const items: Buffer[] = item.kind === 'array' ? item.items.map(encode) : item.items.flat().map(encode);
      const major = item.kind === 'array' ? 4 : 5;
      if (item.open) return Buffer.concat([Buffer.from([(major << 5) | 31]), ...items, Buffer.from([0xff])]);
      return Buffer.concat([head(major, BigInt(item.items.length)), ...items]);
    }
    case 'tag':
      return Buffer.concat([head(6, BigInt(item.tag)), encode(item.item)]);
    case 'simple':
      return Buffer.from([0xe0 | item.value]);
  }
}

/** A JSON value as Elasticsearch writes it: numbers as int or double, objects and arrays of unknown length. */
export function itemOf(value: unknown): Item {
  if (typeof value === 'string') return { kind: 'text', value, chunks: false };
  if (typeof value === 'boolean') return { kind: 'simple', value: value ? 21 : 20 };
  if (typeof value === 'bigint') return { kind: 'int', value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? { kind: 'int', value: BigInt(value) }
      : { kind: 'f64', value };
  if (value === null || value === undefined) return { kind: 'simple', value: 22 };
  if (Array.isArray(value)) return { kind: 'array', items: value.map(itemOf), open: true };
  const items = Object.entries(value).map(([key, one]) => [itemOf(key), itemOf(one)] as const);
  return { kind: 'map', items, open: true };
}
