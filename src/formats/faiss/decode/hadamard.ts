/** Random signs and Walsh–Hadamard transforms, three of each (HRot), turned back. */

/** SplitMix64: +1 for odd draws, −1 for even ones. */
function drawSigns(seed: number, count: number): Float64Array {
  let state = BigInt(seed);
  return Float64Array.from({ length: count }, () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    z ^= z >> 31n;
    return (z & 1n) === 1n ? 1 : -1;
  });
}

/** x = s1·W(s2·W(s3·W(y))) / p^1.5, p = dOut a power of two; the first dIn components. */
export function openHadamardBack({
  dIn,
  dOut,
  seed,
}: {
  readonly dIn: number;
  readonly dOut: number;
  readonly seed: number;
}): (y: Float32Array, rows: number, x: Float32Array) => void {
  const signs = drawSigns(seed, dOut * 3);
  const scale = 1 / (dOut * Math.sqrt(dOut));
  const row = new Float64Array(dOut);
  return (y, rows, x) => {
    for (let number = 0; number < rows; number++) {
      row.set(y.subarray(number * dOut, (number + 1) * dOut));
      for (let round = 2; round >= 0; round--) {
        walshHadamard(row);
        for (let i = 0; i < dOut; i++) row[i]! *= signs[round * dOut + i]!;
      }
      for (let i = 0; i < dIn; i++) x[number * dIn + i] = row[i]! * scale;
    }
  };
}

function walshHadamard(row: Float64Array): void {
  for (let step = 1; step < row.length; step *= 2)
    for (let block = 0; block < row.length; block += 2 * step)
      for (let i = block; i < block + step; i++) {
        const [a, b] = [row[i]!, row[i + step]!];
        row[i] = a + b;
        row[i + step] = a - b;
      }
}
