/** How counts and sizes stand in messages: «10,239,996 bytes». */

export function grouped(count: number | bigint): string {
  return count.toLocaleString('en-US');
}

export function inBytes(count: number | bigint): string {
  return `${grouped(count)} bytes`;
}
