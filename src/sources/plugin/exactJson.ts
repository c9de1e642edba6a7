/** JSON text of a value, exactly: what JSON.stringify would change or leave out without a word is an error. */
import { isWhole } from '../../core/wholeText.ts';

/** Its message ends the sentence «found …». */
export class NotJson extends Error {}

const MEMBER = /^[A-Za-z_$][\w$]*$/;

/**
 * Null, booleans, texts, finite numbers (−0 as `-0.0`), bigints with all their digits, arrays, plain objects, and what has
 * a `toJSON`, such as a Date.
 * @throws NotJson
 */
export function exactJson(value: unknown): string {
  try {
    return textOf(value, '');
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new NotJson('an object in itself, or one nested too deep');
    throw thrown;
  }
}

function textOf(value: unknown, path: string): string {
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      if (!Number.isFinite(value)) throw notJson(String(value), path);
      return Object.is(value, -0) ? '-0.0' : String(value);
    case 'string':
      if (!isWhole(value)) throw notJson(`${JSON.stringify(value)}, half a character`, path);
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : objectText(value, path);
    default:
      throw notJson(value === undefined ? 'undefined' : `a ${typeof value}`, path);
  }
}

function objectText(value: object, path: string): string {
  // By index: what an array does not have is undefined there, and no JSON.
  if (Array.isArray(value))
    return `[${Array.from(value, (item: unknown, index) => textOf(item, `${path}[${index}]`)).join(',')}]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const given: unknown = value.toJSON();
    if (given === undefined || given === null) throw notJson(`${nameOf(value)} without a value`, path);
    return textOf(given, path);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of another realm, too.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw notJson(nameOf(value), path);
  if (Object.getOwnPropertySymbols(value).length > 0) throw notJson('a member whose name is a symbol', path);
  return `{${Object.entries(value)
    .map(([name, inner]) => memberText(name, inner, path))
    .join(',')}}`;
}

function memberText(name: string, value: unknown, path: string): string {
  if (!isWhole(name)) throw notJson(`a name with half a character, ${JSON.stringify(name)}`, path);
  return `${JSON.stringify(name)}:${textOf(value, MEMBER.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`)}`;
}

function nameOf(value: object): string {
  return `a ${value.constructor?.name ?? 'object'}`;
}

function notJson(found: string, path: string): NotJson {
  return new NotJson(path === '' ? found : `${found} at ${path.replace(/^\./, '')}`);
}
