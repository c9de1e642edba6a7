/** Steps that rows pass, as people write them: `price:Float`, `origin:VarChar(32)=es`, `a=b`. Constants are checked here. */
import { canonicalJson, exactDecimal } from '../core/canonical.ts';
import type { Json } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import type { FileFormat } from '../core/plan.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { chooseWord } from './choices.ts';
import { localPath, withoutFileScheme } from './storeUrl.ts';

export const FORMATS = ['npy', 'parquet', 'json'] as const satisfies readonly FileFormat[];
export const ON_LOSS = ['reject', 'count'] as const;

/** What a field can be cast to, and a constant be. */
export const VALUE_TYPES = ['Bool', 'Int8', 'Int16', 'Int32', 'Int64', 'Float', 'Double', 'VarChar', 'JSON'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** Milvus's own limit of a VarChar. */
export const MAX_VARCHAR_BYTES = 65_535;

export const CAST_WANTED = `FIELD:TYPE, with a type of ${VALUE_TYPES.join(', ')}; VarChar(200) for at most 200 bytes; :count behind it to count what is changed`;
export const CONSTANT_WANTED = `FIELD:TYPE=VALUE, with a type of ${VALUE_TYPES.join(', ')}; VarChar(200) for at most 200 bytes`;

type Cast = Extract<TransformStep, { kind: 'cast' }>;
type Constant = Extract<TransformStep, { kind: 'constant' }>;

/** `price:Float`, `code:VarChar(32)`, `price:Float:count`; undefined: it is none. */
export function parseCast(text: string): Cast | undefined {
  const [, field, word, length, onLoss] = /^(.+?):(\w+)(?:\((\d+)\))?(?::(reject|count))?$/is.exec(text) ?? [];
  const type = field === undefined ? undefined : sizedType(word!, length);
  if (type === undefined) return undefined;
  return {
    kind: 'cast',
    field: field!,
    to: type.type,
    ...(type.maxLength === undefined ? {} : { maxLength: type.maxLength }),
    onLoss: chooseWord(onLoss ?? 'reject', ON_LOSS)!,
  };
}

/** `origin:VarChar(32)=es`; undefined: it is none. @throws MigrateError E_USAGE for a value that is not of its type */
export function parseConstant(text: string, where: string): Constant | undefined {
  const [, field, word, length, value] = /^(.+?):(\w+)(?:\((\d+)\))?=(.*)$/s.exec(text) ?? [];
  const type = field === undefined ? undefined : sizedType(word!, length);
  return type === undefined ? undefined : constantOf({ field: field!, ...type, text: value! }, where);
}

function sizedType(word: string, length: string | undefined): Pick<Constant, 'type' | 'maxLength'> | undefined {
  const type = chooseWord(word, VALUE_TYPES);
  if (type === undefined || length === undefined) return type && { type };
  const maxLength = Number(length);
  return type === 'VarChar' && maxLength >= 1 && maxLength <= MAX_VARCHAR_BYTES ? { type, maxLength } : undefined;
}

interface ConstantSaid extends Pick<Constant, 'field' | 'type' | 'maxLength'> {
  /** Its value as it was written. */
  readonly text: string;
}

/** @param where the flag or key, for messages. @throws MigrateError E_USAGE for a value that is not of its type */
export function constantOf({ field, type, maxLength, text }: ConstantSaid, where: string): Constant {
  const value = constantValue(type, text, maxLength ?? MAX_VARCHAR_BYTES);
  if (value === undefined)
    throw new MigrateError('E_USAGE', `the constant ${field} has a value that is none of its type`, {
      at: { field: where },
      found: `${JSON.stringify(text)} as ${type}`,
      wanted: wantedOf(type, maxLength ?? MAX_VARCHAR_BYTES),
    });
  return { kind: 'constant', field, type, ...(maxLength === undefined ? {} : { maxLength }), value };
}

const INTEGER_BITS: Readonly<Partial<Record<ValueType, bigint>>> = { Int8: 8n, Int16: 16n, Int32: 32n, Int64: 64n };

function constantValue(type: ValueType, text: string, maxLength: number): Json | undefined {
  switch (type) {
    case 'Bool':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'Float':
    case 'Double': {
      const decimal = plainDecimal(text);
      if (decimal === undefined) return undefined;
      const value = Number(decimal);
      if (!Number.isFinite(type === 'Float' ? Math.fround(value) : value)) return undefined;
      // JSON has no −0, and a number that JavaScript rounds is to be told as what it is: as their texts.
      return Object.is(value, -0) || exactDecimal(decimal) !== exactDecimal(String(value)) ? decimal : value;
    }
    case 'VarChar':
      return Buffer.byteLength(text, 'utf8') <= maxLength ? text : undefined;
    case 'JSON':
      return exactJson(text);
    default: {
      if (!/^-?\d+$/.test(text)) return undefined;
      const value = BigInt(text);
      if (BigInt.asIntN(Number(INTEGER_BITS[type]!), value) !== value) return undefined;
      // JSON's numbers are exact up to 2^53; beyond, the digits are.
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    }
  }
}

/** A decimal as JSON writes it: no plus, no leading zeros, digits on both sides of the point. undefined: it is none */
function plainDecimal(text: string): string | undefined {
  const [, sign, whole = '', fraction = '', power = ''] = /^([-+]?)(\d*)\.?(\d*)(e[-+]?\d+)?$/i.exec(text) ?? [];
  if (whole === '' && fraction === '') return undefined;
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${power}`;
}

/** undefined: it is none, or JavaScript would change it on the way into a job's plan. */
function exactJson(text: string): Json | undefined {
  const value = parsedJson(text);
  if (value === undefined) return undefined;
  const same = (one: string): string => Buffer.from(canonicalJson(Buffer.from(one))).toString('utf8');
  return same(text) === same(JSON.stringify(value)) ? value : undefined;
}

function wantedOf(type: ValueType, maxLength: number): string {
  switch (type) {
    case 'Bool':
      return 'true or false';
    case 'Float':
    case 'Double':
      return `a number that a ${type} holds`;
    case 'VarChar':
      return `a text of at most ${maxLength} bytes`;
    case 'JSON':
      return 'JSON, of whole characters, with numbers that a double holds';
    default:
      return `a whole number of ${INTEGER_BITS[type]} bits`;
  }
}

function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The caller says that it is none.
    return undefined;
  }
}

/** Options of a module of the user's own, as one JSON text. @throws MigrateError E_USAGE; the text is not shown */
export function parseOptions(text: string, where: string): Json {
  const options = exactJson(text);
  if (options !== undefined) return options;
  if (parsedJson(text) !== undefined)
    throw new MigrateError('E_USAGE', `${where} has a number that JavaScript would round`, {
      found: 'JSON (not shown)',
      wanted: 'numbers that a double holds; others as texts: {"after": "9007199254740993"}',
    });
  throw new MigrateError('E_USAGE', `${where} is not JSON`, {
    found: 'a text (not shown)',
    wanted: '{"name": "value"}, with quotes around names too',
  });
}

/** `a=b`: a is called b; undefined: it is none. */
export function parseRename(text: string): Extract<TransformStep, { kind: 'rename' }> | undefined {
  const [, from, to] = /^([^=]+)=([^=]+)$/s.exec(text) ?? [];
  return from === undefined ? undefined : { kind: 'rename', from, to: to! };
}

/**
 * A module of the user's own: a file, made absolute, or the name of a package as it is.
 * @param where the flag or key, for messages
 * @throws MigrateError E_USAGE for a place that is not on this host
 */
export function modulePath(text: string, cwd: string, where: string): string {
  const isFile = /^(\.{0,2}\/|file:)/i.test(text) || /\.[cm]?[jt]s$/i.test(text);
  return isFile ? localPath(withoutFileScheme(text, where), cwd, where) : text;
}
