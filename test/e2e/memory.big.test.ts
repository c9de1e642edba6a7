/** Memory does not grow with the input, at a size that would not fit a small machine. Needs 10 GB of disk. */
import { test } from 'node:test';
import { flatMemory } from './flatMemory.ts';

test('dump of 5 GB takes no more memory than that of 500 MB', () => flatMemory({ small: 500e6, large: 5e9 }));
