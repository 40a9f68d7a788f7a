// docs/protocol.md, "Blobs" and "Signatures": where a provider's nodes are found, and how it proves its app key.
import { hash, tagged, type Hash } from './hash.js';

/** The key of the DHT under which the nodes of a provider are found. */
export const providerPlace = (genesis: Hash, account: Uint8Array): Hash => hash('strike/1/provider-node', genesis, account);

/** The key of the DHT under which the nodes that an input was left with are found. */
export const inputPlace = (genesis: Hash, root: Hash): Hash => hash('strike/1/input-node', genesis, root);

/** What an app key signs to prove that a provider holds it. */
export const appKeyPayload = (genesis: Hash, provider: Uint8Array): Uint8Array =>
  tagged('strike/1/sign/app-key', genesis, provider);
