/** Joins the rejected rows of a job's parts into the file that the user named, at the end of a run. */
import { resolve } from 'node:path';
import { MigrateError } from '../../core/errors.ts';
import type { RunContext } from '../shared/context.ts';
import { rejectPart } from './dumpStage.ts';
import { joinRejects } from './rejects.ts';

const ANOTHER = 'for the rows that were rejected now, run the same command again with another --reject-file';

const ELSEWHERE = 'rows that were rejected when the folder was dumped are in the reject file of that dump';

/**
 * Joins the rejected rows of all parts, in the order of the plan: what the report counts is there, however the run ended.
 * One that ended early with none, or before it had those of other hosts, leaves alone what lies there; so does a load of a
 * dumped folder, but for what it had written itself: it may well be the file of a dump.
 * @returns whether the file is written
 */
export async function gatherRejects(run: RunContext, unfinished: boolean): Promise<boolean> {
  const { rejectFile } = run.config;
  if (rejectFile === undefined) return false;
  // Where a run died between the two, rows may lie here of a part that is not recorded: it is made again.
  const parts = run.ledger.partitions().flatMap(({ part }) => (part === undefined ? [] : [part]));
  const wanted = parts.reduce((sum, { rejected }) => sum + rejected, 0);
  const dumped = run.reader.kind === 'dumped';
  let mayBeOfDump = false;
  if (unfinished || dumped) {
    const { hasRejects } = await import('./lostRejects.ts');
    const rejecting = parts.filter(({ rejected }) => rejected > 0);
    const here = rejecting.filter((part) => hasRejects(run, part));
    mayBeOfDump = dumped && here.length < rejecting.length;
    if (mayBeOfDump && here.length === 0) run.warn(`${ELSEWHERE}; ${rejectFile} is left as it was`);
    if (here.length === 0 || (unfinished && here.length < rejecting.length)) return false;
  }
  const files = parts.map(({ partition }) => rejectPart(run, partition));
  const written = joinRejects(files, resolve(rejectFile), dumped);
  if (written === undefined) {
    const why = mayBeOfDump
      ? `${ELSEWHERE}; ${rejectFile}, which may be that file,`
      : `${rejectFile} holds other rows, perhaps those that a dump rejected, and`;
    run.warn(`${why} is left as it was: ${ANOTHER}`);
    return false;
  }
  if (mayBeOfDump) run.warn(`${ELSEWHERE} alone, not in ${rejectFile}`);
  if (!dumped && written !== wanted)
    throw new MigrateError('E_STATE', 'rejected rows are missing from the state folder', {
      at: { file: rejectFile },
      found: `${written} rows`,
      wanted: `${wanted} rows`,
      hint: 'start over with --fresh',
    });
  return true;
}
