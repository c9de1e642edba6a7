/** How counts stand in messages of this source: «10,239,996». */

export function grouped(count: number | bigint): string {
  // Not toLocaleString: it loads ICU, 20 ms and 8 MB at every start.
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
