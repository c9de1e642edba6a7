/** What error answers say, as a real Elasticsearch 8.19 gave them for an index whose shards no node had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerFailure, elasticError } from '../../../src/sources/elasticsearch/failures.ts';

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

test('shards that are being recovered, and contexts that are gone on one of them, are asked again', () => {
  // As the source of Elasticsearch has them: both have the status 404.
  const causes = ['illegal_index_shard_state_exception', 'search_context_missing_exception'];
  const root_cause = causes.map((type) => ({ type, reason: 'on purpose' }));
  const both = elasticError(404, { error: { ...NO_SHARDS, root_cause } });
  assert.equal(both.type, 'search_context_missing_exception');
  const asking = { address: 'http://a', asked: 'read its documents' };
  for (const error of [both, elasticError(404, { error: { ...NO_SHARDS, root_cause: root_cause.slice(0, 1) } })])
    assert.equal(answerFailure(error, asking).retry, true, error.type);
  assert.equal(answerFailure({ status: 404, type: 'HTTP 404', reason: '' }, asking).retry, false);
});

test('an error answer that says nothing', () => {
  const nothing = { status: 502, type: 'HTTP 502', reason: 'no reason given' };
  for (const body of [undefined, '<html>', {}, { error: {} }, { error: { failed_shards: [] } }])
    assert.deepEqual(elasticError(502, body), nothing);
});
