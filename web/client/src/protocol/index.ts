/**
 * The hashing and the arithmetic of docs/protocol.md, written from that page: a second implementation beside the Rust one.
 *
 * Pure functions. Nothing here knows a node or polkadot.js.
 */
export * from './commitment.js';
export * from './hash.js';
export * from './merkle.js';
export * from './provider.js';
export * from './scale.js';
export * from './split.js';
export * from './vectors.js';
export * from './verdict.js';
export * from './work.js';
