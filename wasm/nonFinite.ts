/**
 * The search for NaN and infinity, in AssemblyScript; scripts/kernels.mjs compiles it.
 *
 * The memory is whichever the module is given: slabs are searched where they lie. It is only read.
 */

const WITHOUT_SIGN = i32x4.splat(0x7fffffff);
/** Added to a float without sign, this carries into the sign bit exactly where all exponent bits are set. */
const ONE_EXPONENT = i32x4.splat(0x00800000);

/** Address of the first float32 at or after `at` that is NaN or infinite; `end` if none is. Both multiples of 4. */
export function firstNonFinite(at: usize, end: usize): usize {
  while (at + 64 <= end) {
    const low = v128.or(carry(v128.load(at)), carry(v128.load(at, 16)));
    const high = v128.or(carry(v128.load(at, 32)), carry(v128.load(at, 48)));
    if (i32x4.bitmask(v128.or(low, high)) !== 0) break;
    at += 64;
  }
  for (; at < end; at += 4) if ((load<i32>(at) & 0x7fffffff) >= 0x7f800000) return at;
  return end;
}

function carry(bits: v128): v128 {
  return i32x4.add(v128.and(bits, WITHOUT_SIGN), ONE_EXPONENT);
}
