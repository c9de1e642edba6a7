/** Whether a server that answers is whole. */
import { MigrateError } from '../../core/errors.ts';
import { isNoSuchCall } from './errors.ts';
import type { Rpc } from './rpc.ts';

/** 2.3.5 was seen to answer 43 s after it was killed and started again, when the last session of before had ended. */
const HEALTH_MS = 120_000;

export async function isHealthy(rpc: Rpc): Promise<boolean> {
  try {
    const { isHealthy: healthy } = await rpc.ask<{ isHealthy: boolean }>('CheckHealth', {}, { timeoutMs: HEALTH_MS });
    return healthy;
  } catch (error) {
    if (error instanceof MigrateError && isNoSuchCall(error)) return true;
    throw error;
  }
}
