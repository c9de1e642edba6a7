/**
 * Preloaded with `--import`, worker threads included: writes the name of each package that is loaded to `LOADED_FILE`,
 * and `thread N` for each thread that is looked at.
 */
import { appendFileSync } from 'node:fs';
import Module, { type ResolveFnOutput, type ResolveHookContext, register } from 'node:module';
import { threadId } from 'node:worker_threads';

type Next = (specifier: string, context: ResolveHookContext) => ResolveFnOutput | Promise<ResolveFnOutput>;

// This module is both: what is preloaded, and what it registers, which runs in a thread of its own.
const asHooks = new URL(import.meta.url).searchParams.has('hooks');
if (!asHooks) {
  appendFileSync(process.env.LOADED_FILE!, `thread ${threadId}\n`);
  register(`${import.meta.url}?hooks=${threadId}`);
  watchRequire();
}

/** What is required passes by the hooks. */
function watchRequire(): void {
  const resolver = Module as unknown as { _resolveFilename(...given: unknown[]): string };
  const resolveFilename = resolver._resolveFilename;
  resolver._resolveFilename = (...given) => {
    const found = resolveFilename.apply(resolver, given);
    tell(found);
    return found;
  };
}

function tell(place: string): void {
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(place) ?? [];
  if (name !== undefined) appendFileSync(process.env.LOADED_FILE!, `${name}\n`);
}

export async function resolve(specifier: string, context: ResolveHookContext, next: Next): Promise<ResolveFnOutput> {
  const found = await next(specifier, context);
  tell(found.url);
  return found;
}
