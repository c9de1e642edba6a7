/** Free ports of the loopback interface, in blocks: a Milvus takes thirteen in a row. */
import { createServer } from 'node:net';

/** Below the ranges from which systems take ports for outgoing connections. */
const DEFAULT_RANGE = '15000-30000';

/**
 * First port of a block that was free a moment ago, from a random start in `TEST_PORTS` («from-to»). Blocks come from
 * the lower three quarters, single ports from above: a server does not bind all ports of its block at once.
 */
export async function freePorts(count: number): Promise<number> {
  const range = process.env.TEST_PORTS ?? DEFAULT_RANGE;
  const [from, to] = range.split('-').map(Number);
  if (!from || !to || to - from < 40) throw new Error(`TEST_PORTS: ${range}, wanted «from-to», like ${DEFAULT_RANGE}`);
  const border = from + Math.floor(((to - from) * 3) / 4);
  const [low, high] = count > 1 ? [from, border] : [border, to];
  const blocks = Math.floor((high - low) / count);
  const start = Math.floor(Math.random() * blocks);
  for (let block = 0; block < blocks; block++) {
    const first = low + ((start + block) % blocks) * count;
    if (await allFree(first, count)) return first;
  }
  throw new Error(`no ${count} free ports in a row in ${range}`);
}

async function allFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port++) if (!(await isFree(port))) return false;
  return true;
}

/** Bound without a host, so that a listener on any interface counts. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
