/** The module of a source of the user's own, with the exports that it must have. */
import type { Json } from '../../core/contracts.ts';
import { type ErrorDetails, MigrateError, messageOf } from '../../core/errors.ts';
import { loadUserModule } from '../../core/userModule.ts';
import type { SourcePlugin } from './api.ts';

/** `ReaderConfig.detail` of this kind. */
export interface PluginReaderDetail {
  /** URL of the module, the same from every folder. */
  readonly module: string;
  readonly detail: Json;
}

export interface LoadedPlugin {
  readonly url: string;
  readonly plugin: SourcePlugin;
}

const EXPORTS = {
  openSource: 'export async function openSource(where, options, context)',
  openReader: 'export async function openReader(detail, context)',
} as const;

/** @throws MigrateError E_CONFIG where the module is not there, does not run, or lacks an export */
export async function loadPlugin(name: string): Promise<LoadedPlugin> {
  const { url, exports } = await loadUserModule(name);
  const { default: main } = exports;
  // A CommonJS module has everything in its default export.
  const inside = typeof main === 'object' && main !== null ? (main as Readonly<Record<string, unknown>>) : {};
  const known = { ...inside, ...exports };
  for (const [what, wanted] of Object.entries(EXPORTS))
    if (typeof known[what] !== 'function')
      throw pluginError(name, `the module of a source does not export ${what}`, {
        found: `exports ${Object.keys(exports).join(', ') || 'nothing'}`,
        wanted,
        hint: 'docs/source-plugins.md has an example',
      });
  return { url, plugin: known as unknown as SourcePlugin };
}

export function pluginError(module: string, message: string, details: ErrorDetails): MigrateError {
  return new MigrateError('E_CONFIG', message, { ...details, at: { file: module, ...details.at } });
}

/** What the plugin's own code does, with anything that it throws as an error that names the module. */
export async function calling<T>(module: string, what: string, call: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw thrownBy(module, what, thrown);
  }
}

/** Our own errors, which a plugin may throw too, stay; others are errors of reading. */
export function thrownBy(module: string, what: string, thrown: unknown): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  return new MigrateError('E_READ', `${what} of a source of your own failed`, {
    at: { file: module },
    found: messageOf(thrown),
    hint: '--debug shows where',
    cause: thrown,
  });
}

/** @throws MigrateError E_CONFIG where one of `methods` is missing */
export function checkMethods(
  module: string,
  { value, what, methods }: { value: unknown; what: string; methods: readonly string[] },
): void {
  const given = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const missing = methods.filter((name) => typeof given[name] !== 'function');
  if (missing.length > 0)
    throw pluginError(module, `what ${what} gives is not whole`, {
      found: `no method ${missing.join(', ')}`,
      wanted: methods.join(', '),
    });
}
