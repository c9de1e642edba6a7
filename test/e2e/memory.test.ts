/** Memory does not grow with the input. The large case is in memory.big.test.ts. */
import { test } from 'node:test';
import { flatMemory } from './flatMemory.ts';

test('dump of 500 MB takes no more memory than that of 60 MB', () => flatMemory({ small: 60e6, large: 500e6 }));
