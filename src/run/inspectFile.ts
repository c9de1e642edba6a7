/** Looks into a Faiss index file for `inspect`: what is in it, and what a migration would make of it. Headers only. */
import type { FaissSource, JobConfig } from '../config/job.ts';
import type { Dataset, Store } from '../core/contracts.ts';
import { MigrateError, type PlainError, toPlain } from '../core/errors.ts';
import { layOutFaiss, runAsync } from '../formats/faiss/layout.ts';
import type { FaissLayout, FaissNode, Recipe } from '../formats/faiss/model.ts';
import { chooseRecipe } from '../sources/faiss/choose.ts';
import { datasetOf } from '../sources/faiss/dataset.ts';
import { openListsFile } from '../sources/faiss/listsFile.ts';
import { openSourceFile, placeOf } from '../sources/faiss/place.ts';
import { storeOpener } from './places/openStores.ts';

export type { FaissNode, Recipe };

export interface Inspection {
  /** As the store calls it. */
  readonly file: string;
  readonly layout: FaissLayout;
  /** How the vectors would be had; undefined: they cannot be, see `obstacle`. */
  readonly recipe: Recipe | undefined;
  /** What would be moved; undefined: nothing, see `obstacle`. */
  readonly dataset: Dataset | undefined;
  readonly obstacle: PlainError | undefined;
}

/** @throws MigrateError E_SOURCE_NOT_FOUND, E_FAISS (damaged, or no index), and what the store throws */
export async function inspectFile(source: FaissSource, credentials: JobConfig['credentials']): Promise<Inspection> {
  const { store: config, path } = placeOf(source);
  await using store = await storeOpener({ credentials })(config);
  const name = store.describe(path);
  const file = await openSourceFile(store, path, 'the index');
  try {
    const layout = await runAsync(layOutFaiss(file.size), async (at, length) => {
      const bytes = new Uint8Array(length);
      await file.readInto(bytes, at);
      return bytes;
    });
    return { file: name, layout, ...(await wouldBe(source, layout, store)) };
  } catch (thrown) {
    throw thrown instanceof MigrateError ? thrown.within({ file: name }) : thrown;
  } finally {
    await file.close();
  }
}

type WouldBe = Pick<Inspection, 'recipe' | 'dataset' | 'obstacle'>;

/** What stands in the way of a migration is a finding here, not a failure. */
async function wouldBe(source: FaissSource, layout: FaissLayout, store: Store): Promise<WouldBe> {
  const { path } = placeOf(source);
  const file = store.describe(path);
  let recipe: Recipe | undefined;
  try {
    const chosen = chooseRecipe(layout, source, file);
    recipe = chosen.recipe;
    const lists = await openListsFile(store, path, recipe);
    await lists?.file.close();
    const dataset = datasetOf({ config: source, layout, chosen, rows: recipe.rows, file, fingerprint: {} });
    return { recipe, dataset, obstacle: undefined };
  } catch (thrown) {
    if (!(thrown instanceof MigrateError)) throw thrown;
    return { recipe, dataset: undefined, obstacle: toPlain(thrown) };
  }
}
