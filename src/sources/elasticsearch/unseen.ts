/** What was indexed and is not visible yet, where the login may not make it so: it can not be read, and must not be missing without a word. */
import type { Note } from '../../core/contracts.ts';
import type { Elastic } from './connect.ts';
import type { IndexFacts } from './indices.ts';
import { refresh, type ShardSnapshot } from './snapshot.ts';

/** Of snapshots: of each index that may hold more than they show. */
export function unseenNotes(snapshots: readonly Pick<ShardSnapshot, 'index' | 'unseen'>[]): Note[] {
  const byIndex = new Map<string, number>();
  for (const { index, unseen = 0 } of snapshots) byIndex.set(index, (byIndex.get(index) ?? 0) + unseen);
  return [...byIndex].flatMap(([index, about]) => (about > 0 ? [unseenNote(index, about)] : []));
}

/** Makes visible what is to be read without snapshots. */
export async function refreshAll(elastic: Elastic, indices: readonly IndexFacts[]): Promise<Note[]> {
  const notes: Note[] = [];
  for (const index of indices)
    if (!(await refresh(elastic, index))) notes.push(unseenNote(index.name, Number.POSITIVE_INFINITY));
  return notes;
}

function unseenNote(index: string, about: number): Note {
  const count = Number.isFinite(about) ? `: about ${about} changes, deletes among them` : '';
  const text = `${index}: the login may not refresh it (privilege maintenance), so what was indexed since its last refresh is not seen${count}`;
  return { kind: 'lossy', text };
}
