/**
 * The hot loops of the Faiss decoders, in AssemblyScript; scripts/kernels.mjs compiles them.
 *
 * Addresses are bytes in the module's memory. Loops over components take 4 or 16 at a time and may go up to 60 bytes
 * beyond the end of a row: what they write there is written over by the next one, and buffers have room behind them.
 */

const ENTRY = 16;

/** Codes of a byte each, a component each: base[i] + code · scale[i]. */
export function spans(codes: usize, count: i32, d: i32, base: usize, scale: usize, out: usize): void {
  const wide = <usize>d * 4;
  for (let row = 0; row < count; row++) {
    let from = codes;
    for (let at: usize = 0; at < wide; at += 4 * ENTRY) {
      const bytes = v128.load(from);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      const b = base + at;
      const s = scale + at;
      const to = out + at;
      v128.store(to, line(i32x4.extend_low_i16x8_u(low), v128.load(b), v128.load(s)));
      v128.store(to, line(i32x4.extend_high_i16x8_u(low), v128.load(b, 16), v128.load(s, 16)), 16);
      v128.store(to, line(i32x4.extend_low_i16x8_u(high), v128.load(b, 32), v128.load(s, 32)), 32);
      v128.store(to, line(i32x4.extend_high_i16x8_u(high), v128.load(b, 48), v128.load(s, 48)), 48);
      from += 16;
    }
    codes += d;
    out += wide;
  }
}

function line(codes: v128, base: v128, scale: v128): v128 {
  return f32x4.add(base, f32x4.mul(f32x4.convert_i32x4_u(codes), scale));
}

/** Codes of a byte each: entry `code` of each of `books` tables of `step` bytes. `wide`: bytes of an entry. */
export function join(codes: usize, count: i32, books: i32, step: usize, wide: usize, table: usize, out: usize): void {
  for (let row = 0; row < count; row++) {
    let book = table;
    for (let nth = 0; nth < books; nth++) {
      const from = book + <usize>load<u8>(codes++) * wide;
      for (let at: usize = 0; at < wide; at += ENTRY) v128.store(out + at, v128.load(from + at));
      out += wide;
      book += step;
    }
  }
}

/** The same, and adds `centroid`, of `books · wide` bytes, to each row. */
export function joinAdd(
  codes: usize,
  count: i32,
  books: i32,
  step: usize,
  wide: usize,
  table: usize,
  centroid: usize,
  out: usize,
): void {
  for (let row = 0; row < count; row++) {
    let book = table;
    let base = centroid;
    for (let nth = 0; nth < books; nth++) {
      const from = book + <usize>load<u8>(codes++) * wide;
      for (let at: usize = 0; at < wide; at += ENTRY)
        v128.store(out + at, f32x4.add(v128.load(from + at), v128.load(base + at)));
      out += wide;
      base += wide;
      book += step;
    }
  }
}

/** IEEE halves → float32. Every half is exact as a float32; NaNs keep their payload. */
export function halves(codes: usize, count: i32, out: usize): void {
  const magnitude = i32x4.splat(0x7fff);
  const infinite = i32x4.splat(0x0f800000);
  const scale = f32x4.splat(reinterpret<f32>((127 + 112) << 23));
  for (let done = 0; done < count; done += 4) {
    const half = v128.load16x4_u(codes);
    const shifted = i32x4.shl(v128.and(half, magnitude), 13);
    const sign = v128.shl<i32>(v128.andnot(half, magnitude), 16);
    const special = v128.and(i32x4.ge_s(shifted, infinite), i32x4.splat(0x7f800000));
    v128.store(out, v128.or(v128.or(f32x4.mul(shifted, scale), special), sign));
    codes += 8;
    out += ENTRY;
  }
}

/**
 * x_i = Σ_j matrix[j][i] · z_j for two rows of z at a time; an odd `count` makes one row of junk behind the last.
 * `z`: f64 [count][n]; matrix: f64 [n][m], m a multiple of 8; `out`: f32 [count][m]. Sums are float64.
 */
export function rotate(z: usize, count: i32, n: i32, m: i32, matrix: usize, out: usize): void {
  const line = <usize>m * 8;
  const other = <usize>n * 8;
  for (let row = 0; row < count; row += 2) {
    for (let i: usize = 0; i < <usize>m; i += 8) {
      let a0 = f64x2.splat(0);
      let a1 = f64x2.splat(0);
      let a2 = f64x2.splat(0);
      let a3 = f64x2.splat(0);
      let b0 = f64x2.splat(0);
      let b1 = f64x2.splat(0);
      let b2 = f64x2.splat(0);
      let b3 = f64x2.splat(0);
      let at = matrix + i * 8;
      for (let from = z; from < z + other; from += 8) {
        const a = v128.load64_splat(from);
        const b = v128.load64_splat(from + other);
        const m0 = v128.load(at);
        const m1 = v128.load(at, 16);
        const m2 = v128.load(at, 32);
        const m3 = v128.load(at, 48);
        a0 = f64x2.add(a0, f64x2.mul(m0, a));
        a1 = f64x2.add(a1, f64x2.mul(m1, a));
        a2 = f64x2.add(a2, f64x2.mul(m2, a));
        a3 = f64x2.add(a3, f64x2.mul(m3, a));
        b0 = f64x2.add(b0, f64x2.mul(m0, b));
        b1 = f64x2.add(b1, f64x2.mul(m1, b));
        b2 = f64x2.add(b2, f64x2.mul(m2, b));
        b3 = f64x2.add(b3, f64x2.mul(m3, b));
        at += line;
      }
      const to = out + i * 4;
      const below = to + <usize>m * 4;
      storeQuad(to, a0, a1);
      storeQuad(to + ENTRY, a2, a3);
      storeQuad(below, b0, b1);
      storeQuad(below + ENTRY, b2, b3);
    }
    z += other * 2;
    out += line;
  }
}

function storeQuad(to: usize, low: v128, high: v128): void {
  v128.store64_lane(to, f32x4.demote_f64x2_zero(low), 0);
  v128.store64_lane(to + 8, f32x4.demote_f64x2_zero(high), 0);
}
