/** What one value becomes: the new value, one that is less exact, or none. */
import type { Value } from '../columns.ts';

/** The type can't hold it. `wanted`: what it could. */
export class Misfit {
  readonly wanted: string;
  constructor(wanted: string) {
    this.wanted = wanted;
  }
}

/** The nearest that the type can hold is another value. */
export class Lossy {
  readonly value: Value;
  readonly wanted: string;
  constructor(value: Value, wanted: string) {
    this.value = value;
    this.wanted = wanted;
  }
}

/** JSON's own null. */
export const NO_VALUE = Symbol('no value');

export type Outcome = Value | Misfit | Lossy | typeof NO_VALUE;

/** How values of one kind become those of a type. */
export interface FromKinds {
  readonly whole: (value: bigint) => Outcome;
  readonly number: (value: number) => Outcome;
  readonly bool: (value: boolean) => Outcome;
  readonly text: (value: string) => Outcome;
  /** @param value the text of a JSON value */
  readonly json: (value: string) => Outcome;
}
