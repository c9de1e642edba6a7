/** The checkpoints, by where the jobs are kept. A new kind is one file and one line here. */
import { resolve } from 'node:path';
import type { JobConfig } from '../config/job.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { parseMysqlDsn, showMysql } from '../formats/mysqlDsn.ts';

/** Where jobs are kept: in the database of `state`, else in the folder. */
export type StatePlace = Pick<JobConfig, 'stateDir' | 'state'>;

/** Made where it is absent. Errors: E_STATE, E_CONFIG. */
export async function openCheckpoint(place: StatePlace): Promise<Checkpoint> {
  const checkpoint = await open(place, true);
  if (checkpoint === undefined) throw new TypeError('a checkpoint that was not made');
  return checkpoint;
}

/** undefined: there are no jobs, and asking does not make a place for them. */
export function openKnownCheckpoint(place: StatePlace): Promise<Checkpoint | undefined> {
  return open(place, false);
}

async function open({ stateDir, state }: StatePlace, make: boolean): Promise<Checkpoint | undefined> {
  if (state !== undefined) return (await import('./mysql.ts')).openMysqlCheckpoint(state, make);
  const { hasSqliteCheckpoint, openSqliteCheckpoint } = await import('./sqlite.ts');
  const dir = resolve(stateDir);
  return make || hasSqliteCheckpoint(dir) ? openSqliteCheckpoint(dir) : undefined;
}

/** For messages: the folder, or user, host and database. */
export function describeState({ stateDir, state }: StatePlace): string {
  return state === undefined ? resolve(stateDir) : showMysql(parseMysqlDsn(state.reveal()));
}
