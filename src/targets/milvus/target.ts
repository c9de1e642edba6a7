/** Milvus 2.x as a target, over the SDK's gRPC client. */
import type { TargetConfig } from '../../config/job.ts';
import type { Target } from '../../core/contracts.ts';
import type { OpenOptions } from '../index.ts';
import { buildIndex } from './buildIndex.ts';
import { create, createDatabaseIfAbsent, createMilvusPartition, drop, moveAliases, rename } from './collections.ts';
import { connect } from './connect.ts';
import { describe } from './describe.ts';
import { isLite, readFacts } from './facts.ts';
import { flush } from './flush.ts';
import { isHealthy } from './health.ts';
import { importTask, listImports, submitImport } from './imports.ts';
import { insert } from './insert.ts';
import { load, release } from './load.ts';
import { count, countKeys, rows } from './read.ts';
import { withRetry } from './retry.ts';
import { statistics } from './statistics.ts';

/**
 * Connects (within about ten seconds) and repeats what can be repeated. The database need not exist yet.
 * Fails with E_TARGET_UNREACHABLE, E_TARGET_AUTH, or E_CONFIG for an address that is none.
 */
export async function openMilvus(config: TargetConfig, options: OpenOptions): Promise<Target> {
  const connection = await connect(config, options.signal);
  const { rpc } = connection;
  const target: Target = {
    facts: () => readFacts(connection, config),
    healthy: () => isHealthy(rpc),
    createDatabaseIfAbsent: () => createDatabaseIfAbsent(rpc, config.database),
    describe: (collection) => describe(rpc, collection),
    create: (spec) => create(rpc, spec),
    createMilvusPartition: (collection, milvusPartition) => createMilvusPartition(rpc, collection, milvusPartition),
    drop: (collection, id) => drop(rpc, collection, id),
    rename: (from, to) => rename(rpc, from, to),
    moveAliases: (from, to) => moveAliases(rpc, from, to),
    submitImport: (collection, milvusPartition, files) => submitImport(rpc, { collection, milvusPartition }, files),
    listImports: (collection) => listImports(rpc, collection),
    importTask: (id) => importTask(rpc, id),
    insert: (collection, milvusPartition, schema, batch, how) =>
      insert(rpc, { collection, milvusPartition, schema, batch, how }),
    flush: (collection) => flush(rpc, collection),
    createIndex: (collection, field, index, metric) => buildIndex(rpc, { collection, field }, { index, metric }),
    load: (collection) => load(rpc, collection),
    release: (collection) => release(rpc, collection),
    count: (collection, milvusPartition) => count(rpc, { collection, milvusPartition }, isLite(connection)),
    countKeys: (collection, keyField, keys, milvusPartition) =>
      countKeys(rpc, { collection, milvusPartition }, { keyField, keys }),
    statistics: (collection, milvusPartition) => statistics(rpc, collection, milvusPartition),
    rows: (collection, schema, keys, milvusPartition) => rows(rpc, { collection, milvusPartition }, { schema, keys }),
    [Symbol.asyncDispose]: () => rpc.close(),
  };
  return withRetry(target, options.signal);
}
