/**
 * How much more than the cloud's own SDK is a dump? A Milvus 1.x folder into a bucket, out of it, and from one prefix to
 * another, against the plain SDK moving the same files, as many at once as the dump has threads; in alternating runs
 * against the same server on this host.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchData, makeData } from './makeData.ts';
import { cpu, measure, type Usage } from './measure.ts';
import { dataFolder, PROGRAM } from './places.ts';
import { median } from './statistics.ts';
import type { PlainTransfer } from './stores/plain.ts';
import { BUCKET, type Service, type ServiceName, startService } from './stores/services.ts';

export interface StoresQuestion {
  readonly bytes: number;
  readonly services: readonly ServiceName[];
  readonly threads: readonly number[];
  readonly runs: number;
}

export const ROUTES = ['up', 'within', 'down'] as const;
export type Route = (typeof ROUTES)[number];

export interface StoresTurn {
  readonly plain: Usage;
  readonly dump: Usage;
}

export interface StoresCase {
  readonly service: ServiceName;
  readonly route: Route;
  readonly threads: number;
  readonly sourceBytes: number;
  readonly turns: readonly StoresTurn[];
  readonly summary: StoresSummary;
}

/** Medians over the turns; ratios are taken within each turn. */
export interface StoresSummary {
  readonly plainWall: number;
  readonly dumpWall: number;
  readonly wallRatio: number;
  readonly plainCpu: number;
  readonly dumpCpu: number;
  readonly plainRss: number;
  readonly rss: number;
  /** Millions of source bytes a second. */
  readonly megabytesPerSecond: number;
}

const DIM = 128;
const PLAIN = fileURLToPath(new URL('./stores/plain.js', import.meta.url));

export async function benchStores(question: StoresQuestion, tell: (line: string) => void): Promise<StoresCase[]> {
  const data = makeData({ bytes: question.bytes, dim: DIM, deletes: 0 });
  const cases: StoresCase[] = [];
  for (const name of question.services) {
    const served = join(dataFolder(), 'served');
    rmSync(served, { recursive: true, force: true });
    mkdirSync(served, { recursive: true });
    {
      await using service = await startService(name, served);
      const place = { service, data };
      await plain(place, 'up', { from: data.db, to: 'source', atOnce: 2 });
      for (const route of ROUTES)
        for (const threads of question.threads) {
          tell(`${name}, ${route}, ${threads} threads`);
          const turns: StoresTurn[] = [];
          while (turns.length < question.runs) turns.push(await oneTurn(place, route, threads));
          cases.push({
            service: name,
            route,
            threads,
            sourceBytes: data.bytes,
            turns,
            summary: summarise(data, turns),
          });
        }
    }
    rmSync(served, { recursive: true, force: true });
  }
  rmSync(outFolder(), { recursive: true, force: true });
  return cases;
}

interface Place {
  readonly service: Service;
  readonly data: BenchData;
}

async function oneTurn(place: Place, route: Route, threads: number): Promise<StoresTurn> {
  rmSync(outFolder(), { recursive: true, force: true });
  mkdirSync(outFolder(), { recursive: true });
  // A folder takes one dump of a collection, so each has its own.
  const prefix = `dumped-${randomBytes(4).toString('hex')}`;
  const ends = {
    from: route === 'up' ? place.data.db : 'source',
    to: route === 'down' ? join(outFolder(), 'copied') : 'copied',
  };
  const turn = {
    plain: await plain(place, route, { ...ends, atOnce: threads }),
    dump: await dump(place, route, { threads, prefix }),
  };
  // Gigabytes that are still being written to the disk would slow down the turns after this one.
  if (route !== 'down') await place.service.remove(prefix);
  return turn;
}

function plain(
  { service, data }: Place,
  route: Route,
  how: Pick<PlainTransfer, 'from' | 'to' | 'atOnce'>,
): Promise<Usage> {
  const names = data.files.map((file) => relative(data.db, file));
  const transfer: PlainTransfer = { access: service.access, route, bucket: BUCKET, names, ...how };
  return measure([process.execPath, PLAIN, JSON.stringify(transfer)]);
}

interface DumpRun {
  readonly threads: number;
  readonly prefix: string;
}

function dump({ service, data }: Place, route: Route, { threads, prefix }: DumpRun): Promise<Usage> {
  const { endpoint, user, password } = service.access;
  const url = (path: string): string => `${service.scheme}://${BUCKET}/${path}?endpoint=${endpoint}`;
  const keys = ['SOURCE', 'FILES'].flatMap((side) => [
    `MILVUS_MIGRATE_${side}_ACCESS_KEY=${user}`,
    `MILVUS_MIGRATE_${side}_SECRET_KEY=${password}`,
  ]);
  return measure([
    ...['env', ...(user === '' ? [] : keys), process.execPath, PROGRAM, 'dump'],
    ...[`milvus1x:${route === 'up' ? data.db : url('source')}`],
    ...['--out', route === 'down' ? join(outFolder(), 'dumped') : url(prefix)],
    ...['--threads', String(threads), '--state', join(outFolder(), 'state')],
  ]);
}

function outFolder(): string {
  return join(dataFolder(), 'out');
}

function summarise(data: BenchData, turns: readonly StoresTurn[]): StoresSummary {
  const over = (pick: (turn: StoresTurn) => number): number => Math.round(median(turns.map(pick)) * 1000) / 1000;
  const dumpWall = over((turn) => turn.dump.wall);
  return {
    plainWall: over((turn) => turn.plain.wall),
    dumpWall,
    wallRatio: over((turn) => turn.dump.wall / turn.plain.wall),
    plainCpu: over((turn) => cpu(turn.plain)),
    dumpCpu: over((turn) => cpu(turn.dump)),
    plainRss: median(turns.map((turn) => turn.plain.rss)),
    rss: median(turns.map((turn) => turn.dump.rss)),
    megabytesPerSecond: Math.round(data.bytes / 1e6 / dumpWall),
  };
}
