// The models that jobs can be ordered of.
import type { ApiPromise } from '@polkadot/api';
import type { Bytes, Enum, Option, Struct } from '@polkadot/types';
import type { H256 } from '@polkadot/types/interfaces';
import type { ModelId } from '../receipt.js';
import { answer } from './connection.js';
import { storage } from './runtime.js';

/** A registered model. Several may have one name; the root alone tells them apart. */
export interface Model {
  model: ModelId;
  name: string;
}

/** The models registered on the chain, at its best block. */
export async function models(api: ApiPromise): Promise<Model[]> {
  const entries = await answer(
    api,
    storage(api, 'provenance', 'artifacts').entries<
      Option<Struct & { name: Bytes }>,
      [Struct & { kind: Enum; root: H256 }]
    >(),
  );
  return entries
    .filter(([key]) => key.args[0].kind.type === 'Bundle')
    .map(([key, artifact]) => ({
      model: { kind: 'bundle', root: key.args[0].root.toHex() },
      name: artifact.unwrap().name.toUtf8(),
    }));
}
