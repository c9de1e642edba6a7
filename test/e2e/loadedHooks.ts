/**
 * Preloaded with `--import`, worker threads included: writes the name of each package that is loaded to `LOADED_FILE`,
 * and `thread N` for each thread that is looked at.
 */
import { appendFileSync } from 'node:fs';
import { type ResolveFnOutput, type ResolveHookContext, register } from 'node:module';
import { threadId } from 'node:worker_threads';

type Next = (specifier: string, context: ResolveHookContext) => ResolveFnOutput | Promise<ResolveFnOutput>;

// This module is both: what is preloaded, and what it registers, which runs in a thread of its own.
const asHooks = new URL(import.meta.url).searchParams.has('hooks');
if (!asHooks) {
  appendFileSync(process.env.LOADED_FILE!, `thread ${threadId}\n`);
  register(`${import.meta.url}?hooks=${threadId}`);
}

export async function resolve(specifier: string, context: ResolveHookContext, next: Next): Promise<ResolveFnOutput> {
  const found = await next(specifier, context);
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(found.url) ?? [];
  if (name !== undefined) appendFileSync(process.env.LOADED_FILE!, `${name}\n`);
  return found;
}
