import assert from 'node:assert/strict';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { test } from 'node:test';
import { PILE_BYTES, tellShortLived } from '../../src/core/shortLived.ts';

test('the young generation is looked through each time that so many bytes have passed', async () => {
  let young = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags } = (
        entry as unknown as { readonly detail: { readonly kind: number; readonly flags: number } }
      ).detail;
      const forced = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
      if (forced && kind === constants.NODE_PERFORMANCE_GC_MINOR) young++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  for (let piece = 0; piece < 40; piece++) tellShortLived(PILE_BYTES / 4);
  // Entries are given out from the event loop.
  while (young < 10) await new Promise((resolve) => setImmediate(resolve));
  observer.disconnect();
  assert.equal(young, 10);
});
