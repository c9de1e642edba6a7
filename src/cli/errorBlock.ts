/** An error as one block: what, where, found, wanted, what to try. */
import type { ErrorPlace, PlainError } from '../core/errors.ts';
import { count } from './numbers.ts';
import type { Look } from './style.ts';
import { labelled, wrap } from './table.ts';

const INDENT = 12;

/** @param debug with the stack trace and the cause */
export function errorBlock(error: PlainError, look: Look, debug: boolean): string[] {
  const { style, width } = look;
  const subject = subjectOf(error.at);
  const head = `${style.bad(`error ${error.code}`)}: ${subject === '' ? '' : `${subject}: `}${error.message}`;
  const facts: [string, string | undefined][] = [
    ['file', fileOf(error.at)],
    ['key', error.at.file === undefined || error.at.line === undefined ? undefined : error.at.field],
    ['field', error.at.line === undefined ? error.at.field : undefined],
    ['row', error.at.row === undefined ? undefined : count(error.at.row)],
    ['found', error.found],
    ['wanted', error.wanted],
    ['try', error.hint],
    ['cause', debug ? error.cause : undefined],
  ];
  const lines = facts.flatMap(([label, text]) =>
    text === undefined ? [] : labelled(`  ${label}`, text, { indent: INDENT, width }),
  );
  return [
    ...wrap(head, width).map((line, index) => (index === 0 ? line : `  ${line}`)),
    ...lines,
    ...(debug && error.stack !== undefined ? error.stack.split('\n').map((line) => `  ${line.trim()}`) : []),
  ];
}

/** The error without what is for developers: for JSON on stdout and in reports. */
export function publicError(error: PlainError): Omit<PlainError, 'stack'> {
  const { stack: _, ...rest } = error;
  return rest;
}

function subjectOf(at: ErrorPlace): string {
  const parts = [
    at.collection,
    at.milvusPartition === undefined || at.milvusPartition === '' ? undefined : `partition ${at.milvusPartition}`,
    at.segment === undefined ? undefined : `segment ${at.segment}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function fileOf(at: ErrorPlace): string | undefined {
  if (at.file === undefined) return undefined;
  if (at.line !== undefined) return `${at.file}, line ${at.line}`;
  return at.offset === undefined ? at.file : `${at.file}, at byte ${count(at.offset)}`;
}
