/** Which recipe of a layout is taken, and what that does to the vectors; or the refusal, as an error. */
import type { FaissSource } from '../../config/job.ts';
import type { Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { unsupported } from '../../formats/faiss/layout.ts';
import type { FaissLayout, Recipe, Refusal } from '../../formats/faiss/model.ts';
import { grouped } from './quantity.ts';
import { shapeOfStorage } from './shape.ts';

export interface Chosen {
  readonly recipe: Recipe;
  /** One sentence each: what is not as it went into the index. */
  readonly losses: readonly string[];
  readonly notes: readonly Note[];
}

type Wishes = Pick<FaissSource, 'keepTransformed' | 'allowSketch' | 'strict'>;

/** Errors: E_FAISS_UNSUPPORTED, E_FAISS (with `strict`, a file that is longer than its index). */
export function chooseRecipe(layout: FaissLayout, wishes: Wishes, file: string): Chosen {
  const notes = noteSurplus(layout, wishes, file);
  const recipe = allowed(layout.recipe, wishes, file);
  refuseHugeBlocks(recipe, file);
  const chosen = wishes.keepTransformed ? withoutUndoing(recipe) : recipe;
  return { recipe: chosen, losses: chosen.losses, notes };
}

function allowed(found: Recipe | Refusal, { allowSketch }: Wishes, file: string): Recipe {
  if (found.kind !== 'refused') return found;
  if (found.sketch !== undefined && allowSketch) return found.sketch;
  throw unsupported(found).within({ file });
}

/** Of real indexes some KiB. Each reader holds one at least, whatever is wanted of it. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

function refuseHugeBlocks(recipe: Recipe, file: string): void {
  const { blockBytes } = shapeOfStorage(recipe);
  if (blockBytes <= MAX_BLOCK_BYTES) return;
  throw new MigrateError('E_FAISS_UNSUPPORTED', 'the index has blocks of an absurd size', {
    at: { file },
    found: `${grouped(blockBytes)} bytes in a block or code`,
    wanted: `at most ${grouped(MAX_BLOCK_BYTES)} bytes`,
    hint: 'the index is damaged: copy it again, or write it anew with faiss',
  });
}

/** The vectors as they lie behind the transforms. */
function withoutUndoing(recipe: Recipe): Recipe {
  if (recipe.transforms.length === 0) return recipe;
  const losses = [
    ...(recipe.storedLosses ?? recipe.losses),
    `vectors stay in the space behind ${recipe.transforms.map(({ cc }) => cc).join(', ')} (${recipe.d} → ${recipe.innerD} dimensions): queries must be transformed alike`,
  ];
  return { ...recipe, d: recipe.innerD, transforms: [], losses };
}

function noteSurplus({ fileBytes, indexBytes }: FaissLayout, { strict }: Wishes, file: string): Note[] {
  const surplus = fileBytes - indexBytes;
  if (surplus === 0) return [];
  if (strict)
    throw new MigrateError('E_FAISS', 'the file is longer than the index in it', {
      at: { file, offset: indexBytes, field: 'the end of the index' },
      found: `${grouped(fileBytes)} bytes`,
      wanted: `${grouped(indexBytes)} bytes`,
      hint: 'copy the file again; without --strict the bytes behind the index are left out',
    });
  const text = `the file is longer than the index in it: the last ${grouped(surplus)} of ${grouped(fileBytes)} bytes are left out`;
  return [{ kind: 'lossy', text }];
}
