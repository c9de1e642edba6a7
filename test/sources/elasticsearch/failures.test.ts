/** What error answers say, as a real Elasticsearch 8.19 gave them for an index whose shards no node had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elasticError } from '../../../src/sources/elasticsearch/failures.ts';

const NO_SHARDS = {
  type: 'search_phase_execution_exception',
  phase: 'indices:data/read/open_point_in_time',
  grouped: true,
  failed_shards: [],
};

test('an error that names no reason of its own has its cause’s, or says which shards failed', () => {
  const missing = 'Search rejected due to missing shards [[red][0], [red][1]].';
  const pit = { ...NO_SHARDS, root_cause: [], reason: '', caused_by: { ...NO_SHARDS, reason: missing } };
  assert.deepEqual(elasticError(503, { error: pit }), {
    status: 503,
    type: 'search_phase_execution_exception',
    reason: missing,
  });
  const type = 'no_shard_available_action_exception';
  const failed = { shard: 0, index: 'red', node: null, reason: { type, reason: null } };
  const count = {
    ...NO_SHARDS,
    root_cause: [{ type, reason: null }],
    reason: 'all shards failed',
    failed_shards: [failed, { ...failed, shard: 1 }],
  };
  assert.deepEqual(elasticError(503, { error: count }), {
    status: 503,
    type,
    reason: 'all shards failed: [red][0], [red][1]',
  });
});

test('an error answer that says nothing', () => {
  const nothing = { status: 502, type: 'HTTP 502', reason: 'no reason given' };
  for (const body of [undefined, '<html>', {}, { error: {} }, { error: { failed_shards: [] } }])
    assert.deepEqual(elasticError(502, body), nothing);
});
