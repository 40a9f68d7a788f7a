// What the programs here have in common.
import { Keyring } from '@polkadot/keyring';
import type { KeyringPair } from '@polkadot/keyring/types';
import type { ApiPromise } from '@polkadot/api';
import { models, OutcomeUnknown, StrikeError, type Model } from '@strike/client';

/** Tells how far the program is: on standard error, so that the result alone is on standard output. */
export const progress = (line: string): void => console.error(line);

/** The number of an option that counts something. */
export function positive(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${option} ${text} is no positive number`);
  return count;
}

/** A key pair of a secret such as `//Ferdie`, with addresses as the chain writes them. */
export function keyPair(api: ApiPromise, suri: string): KeyringPair {
  const { chainSS58 } = api.registry;
  return new Keyring({ type: 'sr25519', ...(chainSS58 === undefined ? {} : { ss58Format: chainSS58 }) }).addFromUri(suri);
}

/** The model that is registered under a name. */
export async function modelNamed(api: ApiPromise, name: string): Promise<Model> {
  const known = (await models(api)).find((model) => model.name === name);
  if (!known) throw new Error(`no model is registered as ${name} on this chain`);
  return known;
}

/**
 * Runs a program to its end. Exit code 0 only if it resolves to `true`, 3 where jobs may be ordered and are not to be ordered again; an error
 * goes to standard error with its hint.
 */
export function run(main: () => Promise<boolean>): void {
  main().then(
    (well) => process.exit(well ? 0 : 1),
    (error: unknown) => {
      console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
      if (error instanceof StrikeError) console.error(`hint: ${error.hint}`);
      process.exit(error instanceof OutcomeUnknown ? 3 : 1);
    },
  );
}
