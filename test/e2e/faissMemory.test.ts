/** Memory does not grow with an index. The large case is in faissMemory.big.test.ts. */
import { test } from 'node:test';
import { flatFaissMemory } from './faissMemory.ts';

test('dump of a Faiss index of 500 MB takes no more memory than that of 60 MB', () =>
  flatFaissMemory({ small: 60e6, large: 500e6 }));
