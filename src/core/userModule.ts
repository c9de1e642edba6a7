/** Loads a module of the user's own: an ES module or a CommonJS one, by path, URL or package name. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MigrateError, messageOf, systemCode } from './errors.ts';

export interface UserModule {
  /** `file:` URL, the same from every thread and folder. */
  readonly url: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/**
 * @param name absolute or relative path, `file:` URL, or the name of a package
 * @param from folder that relative paths and packages are looked for from
 * @throws MigrateError E_CONFIG where it is not there, or can't be run
 */
export async function loadUserModule(name: string, from: string = process.cwd()): Promise<UserModule> {
  const url = userModuleUrl(name, from);
  try {
    return { url, exports: (await import(url)) as Record<string, unknown> };
  } catch (thrown) {
    throw new MigrateError('E_CONFIG', 'a module can not be loaded', {
      at: { file: name },
      found: messageOf(thrown),
      wanted: 'a JavaScript module that Node.js runs',
      hint: hintFor(url, thrown),
      cause: thrown,
    });
  }
}

/** Where the module is, without loading it. @throws MigrateError E_CONFIG where it is not there */
export function userModuleUrl(name: string, from: string = process.cwd()): string {
  if (name.startsWith('file:')) return name;
  if (isAbsolute(name) || /^\.{1,2}[\\/]/.test(name)) return pathUrl(resolve(from, name), name);
  const file = packageFile(name, from) ?? (existsSync(resolve(from, name)) ? resolve(from, name) : undefined);
  if (file !== undefined) return pathToFileURL(file).href;
  throw new MigrateError('E_CONFIG', 'there is no such module', {
    at: { file: name },
    found: `no package ${name} that ${from} can use`,
    wanted: 'the name of an installed package, or a path',
    hint: `install it there (npm install ${name}), or begin a path with ./`,
  });
}

function pathUrl(path: string, name: string): string {
  if (existsSync(path)) return pathToFileURL(path).href;
  throw new MigrateError('E_CONFIG', 'there is no such module', { at: { file: name }, found: `nothing at ${path}` });
}

/** The file that a package is imported by; undefined: none is installed for `from`. */
function packageFile(name: string, from: string): string | undefined {
  try {
    return createRequire(join(from, 'x')).resolve(name);
  } catch (thrown) {
    // One that can be imported but not required: Node can say from where only to that package's own users.
    if (systemCode(thrown) === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return importedFile(name, from);
    if (systemCode(thrown) === 'MODULE_NOT_FOUND') return undefined;
    throw thrown;
  }
}

function importedFile(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const home = join(folder, 'node_modules', name);
    if (existsSync(join(home, 'package.json'))) {
      const { exports } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { exports?: unknown };
      const target = importTarget(exports);
      return target === undefined ? undefined : join(home, target);
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** What `exports` of a package.json has for `import` of the package itself. */
function importTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  for (const [condition, target] of Object.entries(exports))
    if (['.', 'import', 'node', 'default'].includes(condition)) {
      const found = importTarget(target);
      if (found !== undefined) return found;
    }
  return undefined;
}

function hintFor(url: string, thrown: unknown): string {
  if (/\.[cm]?tsx?$/.test(url)) return 'compile TypeScript first (tsc), and name the .js file';
  if (thrown instanceof SyntaxError) return 'an ES module is named .mjs, or has "type": "module" in its package.json';
  return 'node --input-type=module -e "await import(…)" with its path shows the error with its place';
}
