// Reading JSON of the node: each value is checked, and an error names where it lies.
import { readAmount, type Amount } from '../amount.js';
import { UnexpectedAnswer } from '../errors.js';
import { oneOf } from '../words.js';

/** A value of the node's JSON, and its path from the answer's root. Every reader throws {@link UnexpectedAnswer}. */
export class Json {
  constructor(
    private readonly value: unknown,
    private readonly path: string,
  ) {}

  private fail(expected: string): never {
    throw new UnexpectedAnswer(`${this.path} is not ${expected}`, this.value);
  }

  private entries(): Record<string, unknown> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) this.fail('an object');
    return this.value as Record<string, unknown>;
  }

  /** A field of an object. One that is missing reads as `null`. */
  field(name: string): Json {
    return new Json(this.entries()[name] ?? null, `${this.path}.${name}`);
  }

  /** An enum, `{"valid": {…}}` or `"withheld"`: its name, which must be one of those known, and its value. */
  variant<T extends string>(names: readonly T[]): { name: T; value: Json } {
    if (typeof this.value === 'string') return { name: this.word(names), value: new Json(null, this.path) };
    const [name, ...more] = Object.keys(this.entries());
    if (name === undefined || more.length > 0) this.fail('a variant');
    return { name: oneOf(names, name, this.path), value: this.field(name) };
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a text');
  }

  /** A whole number from 0 to 2^53: ids, blocks, tokens, units. */
  count(): number {
    const exact = typeof this.value === 'number' && Number.isSafeInteger(this.value) && this.value >= 0;
    return exact ? (this.value as number) : this.fail('a count');
  }

  /** Any number. */
  number(): number {
    return typeof this.value === 'number' ? this.value : this.fail('a number');
  }

  /** An amount, as a decimal string or an integer. Throws `InvalidAmount` where it is neither. */
  amount(): Amount {
    return readAmount(this.value);
  }

  /** One of the words known. */
  word<T extends string>(words: readonly T[]): T {
    return oneOf(words, this.text(), this.path);
  }

  list<T>(read: (item: Json) => T): T[] {
    if (!Array.isArray(this.value)) this.fail('a list');
    return (this.value as unknown[]).map((item, index) => read(new Json(item, `${this.path}[${index}]`)));
  }

  orNull<T>(read: (value: Json) => T): T | null {
    return this.value === null ? null : read(this);
  }
}
