/** Memory does not grow with an index, at a size that would not fit a small machine. Needs 5 GB of disk. */
import { test } from 'node:test';
import { flatFaissMemory } from './faissMemory.ts';

test('dump of a Faiss index of 5 GB takes no more memory than that of 500 MB', () =>
  flatFaissMemory({ small: 500e6, large: 5e9 }));
