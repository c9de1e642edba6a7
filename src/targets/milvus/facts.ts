/** What kind of Milvus it is and what it can do, asked without side effects. */
import type { TargetConfig } from '../../config/job.ts';
import type { ServerFacts } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { Connection } from './connect.ts';
import { isNoSuchCall } from './errors.ts';
import type { Rpc } from './rpc.ts';

/** proxy.maxDimension, the same in all 2.x. */
const MAX_DIM = 32_768;
/** common.maxImportFileSize (dataCoord.import.maxImportFileSizeInGB): 16 GiB. */
const MAX_FILE_BYTES = 16 * 2 ** 30;

export async function readFacts(connection: Connection, config: TargetConfig): Promise<ServerFacts> {
  const { rpc } = connection;
  const lite = isLite(connection);
  const version = /\d+\.\d+(?:\.\d+)?/.exec(connection.version)?.[0] ?? 'unknown';
  return {
    product: lite ? 'milvus-lite' : 'Milvus',
    version,
    address: rpc.address,
    database: config.database ?? 'default',
    user: config.user,
    bulkInsert: await hasBulkInsert(rpc),
    ...abilities(version, lite),
    maxDim: MAX_DIM,
    maxPartitions: maxPartitions(version),
    maxFileBytes: MAX_FILE_BYTES,
  };
}

/** Not the embedded wheel of the real server, which calls itself «v2.3.5-lite». */
export function isLite({ version }: Connection): boolean {
  return /milvus[_-]?lite/i.test(version);
}

/**
 * What a version's collections may have (release notes of 2.4 and 2.5); milvus-lite 3.2.2 has it all. An unknown version
 * is taken for a new one.
 */
export function abilities(
  version: string,
  lite: boolean,
): Pick<ServerFacts, 'nullable' | 'severalVectors' | 'documentFormat'> {
  const [major = 2, minor = 99, patch = 0] = version === 'unknown' || lite ? [] : version.split('.').map(Number);
  const from = (wanted: number, fix = 0): boolean => major > 2 || minor > wanted || (minor === wanted && patch >= fix);
  // 2.3.5 takes Parquet (seen), and rounds the doubles of an Array in JSON to 32 bits.
  return { nullable: from(5), severalVectors: from(4), documentFormat: from(3, 5) ? 'parquet' : 'json' };
}

/** rootCoord.maxPartitionNum: 4096 by default up to 2.3, 1024 from 2.4 on. A server may be set otherwise; it does not tell. */
export function maxPartitions(version: string): number {
  const [major = 2, minor = 4] = version.split('.').map(Number);
  return major === 2 && minor < 4 ? 4_096 : 1_024;
}

/** A server without imports gives a reply without a status (milvus-lite); any status at all shows that it has them. */
export async function hasBulkInsert(rpc: Rpc): Promise<boolean> {
  try {
    await rpc.askStatus('ListImportTasks', { limit: '1' });
    return true;
  } catch (error) {
    // Anything else, such as a server that is closing down, says nothing about what it can do.
    if (error instanceof MigrateError && isNoSuchCall(error)) return false;
    throw error;
  }
}
