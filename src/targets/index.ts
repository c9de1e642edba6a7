/** The table of targets: one lazy import a line. */
import type { TargetConfig } from '../config/job.ts';
import type { Target } from '../core/contracts.ts';

export interface OpenOptions {
  /** Ends waits and reads with E_INTERRUPTED. Writes under way are let finish, so that it is known what they did. */
  readonly signal?: AbortSignal;
}

export type OpenTarget = (config: TargetConfig, options: OpenOptions) => Promise<Target>;

export const targets = {
  milvus: async (): Promise<OpenTarget> => (await import('./milvus/target.ts')).openMilvus,
} as const satisfies Record<string, () => Promise<OpenTarget>>;

export type TargetKind = keyof typeof targets;

/** Opens a target of that kind. Fails with E_TARGET_UNREACHABLE or E_TARGET_AUTH where that is what is wrong. */
export async function openTarget(kind: TargetKind, config: TargetConfig, options: OpenOptions = {}): Promise<Target> {
  const open = await targets[kind]();
  return open(config, options);
}
