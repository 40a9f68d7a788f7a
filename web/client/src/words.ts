// The words of enums: `NoProvider` in the chain's metadata is `no_provider` in the node's JSON, and here.
import { UnexpectedAnswer } from './errors.js';

/** A name of the chain's metadata as the node's JSON has it. */
export const snakeCase = (name: string): string => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();

/** The word, if it is one of those known. Throws {@link UnexpectedAnswer} otherwise; `what` says of what it is a word. */
export function oneOf<T extends string>(words: readonly T[], word: string, what: string): T {
  const found = words.find((known) => known === word);
  if (found === undefined) throw new UnexpectedAnswer(`unknown ${what}`, word);
  return found;
}
