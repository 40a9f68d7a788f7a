// A node as far as a connection goes: JSON-RPC over WebSocket, with faults on demand. Not a chain: it says what it is told to.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import substrate from '@polkadot/types-support/metadata/static-substrate';

/** What a method answers. `undefined` means that the node stays silent. */
export type Answers = Record<string, (params: readonly unknown[]) => unknown>;

const HEX_32 = (byte: string) => `0x${byte.repeat(32)}`;
/** The hash of a block of this node. */
export const hashOf = (number: number): string => `0x${number.toString(16).padStart(64, '0')}`;

/** The number of the last block, which is final. */
export interface Chain {
  head: number;
}

/** How the storage keys of `System.Account` begin. */
const ACCOUNTS = '0x26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9';

/** What is stored under a key: no account, and of all else an empty list. */
const stored = (key: unknown): string | null => (String(key).startsWith(ACCOUNTS) ? null : '0x00');

/** What a client asks to get ready and to read final blocks, on a chain of empty blocks with Substrate's own runtime. */
export function answers(chain: Chain): Answers {
  const header = (number: number) => ({
    parentHash: hashOf(Math.max(number - 1, 0)),
    number: `0x${number.toString(16)}`,
    stateRoot: HEX_32('00'),
    extrinsicsRoot: HEX_32('00'),
    digest: { logs: [] },
  });
  const numberOf = (hash: unknown) => (typeof hash === 'string' ? Number.parseInt(hash.slice(-8), 16) : chain.head);
  const version = { specName: 'node', implName: 'node', authoringVersion: 1, specVersion: 1, implVersion: 1, apis: [], transactionVersion: 1 };
  const methods = ['chain_getHeader', 'chain_getBlock', 'chain_getBlockHash', 'chain_getFinalizedHead', 'chain_subscribeFinalizedHeads'];
  return {
    rpc_methods: () => ({ methods }),
    chain_getBlockHash: ([number]) => hashOf(Number(number)),
    chain_getFinalizedHead: () => hashOf(chain.head),
    chain_getHeader: ([hash]) => header(numberOf(hash)),
    chain_getBlock: ([hash]) => ({ block: { header: header(numberOf(hash)), extrinsics: [] }, justifications: null }),
    chain_subscribeFinalizedHeads: () => 'heads',
    chain_unsubscribeFinalizedHeads: () => true,
    state_getRuntimeVersion: () => version,
    state_subscribeRuntimeVersion: () => 'version',
    state_getMetadata: () => substrate,
    state_subscribeStorage: () => 'storage',
    state_getStorage: ([key]) => stored(key),
    state_queryStorageAt: ([keys, block]) => [{ block, changes: (keys as string[]).map((key) => [key, stored(key)]) }],
    system_chain: () => 'Development',
    system_properties: () => ({}),
    system_health: () => ({ peers: 0, isSyncing: false, shouldHavePeers: false }),
  };
}

export class FakeNode {
  /** Methods asked so far. */
  readonly asked: string[] = [];
  private readonly sockets = new Set<Duplex>();

  private constructor(
    readonly url: string,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  /** Starts a node on a free port. With `shakesHands` false it takes connections and never says a word. */
  static async start(answers: Answers, { shakesHands = true } = {}): Promise<FakeNode> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const node = new FakeNode(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    server.on('upgrade', (request, socket) => {
      node.sockets.add(socket);
      socket.on('error', () => {});
      if (!shakesHands) return;
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      receive(socket, (text) => node.answer(socket, answers, text));
    });
    return node;
  }

  private answer(socket: Duplex, answers: Answers, text: string): void {
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: unknown[] };
    this.asked.push(method);
    const known = answers[method];
    const error = { code: -32601, message: `Method not found: ${method}` };
    const result = known?.(params);
    if (known && result === undefined) return;
    send(socket, { jsonrpc: '2.0', id, ...(known ? { result } : { error }) });
  }

  /** Sends all clients news of a subscription. */
  notify(method: string, subscription: string, result: unknown): void {
    for (const socket of this.sockets) send(socket, { jsonrpc: '2.0', method, params: { subscription, result } });
  }

  /** Cuts all connections, as a node that is killed does. */
  cut(): void {
    for (const socket of this.sockets) (socket as Socket).destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** RFC 6455: a text in one unmasked frame. */
function send(socket: Duplex, message: unknown): void {
  const payload = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  if (!socket.destroyed) socket.write(Buffer.concat([head, payload]));
}

/** RFC 6455: the texts of a client's masked frames. A frame that closes ends the connection. */
function receive(socket: Duplex, onText: (text: string) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    for (;;) {
      if (pending.length < 2) return;
      const short = pending.readUInt8(1) & 0x7f;
      const extended = { 126: 2, 127: 8 }[short] ?? 0;
      const start = 2 + extended + 4;
      if (pending.length < start) return;
      const length = extended === 2 ? pending.readUInt16BE(2) : extended === 8 ? Number(pending.readBigUInt64BE(2)) : short;
      if (pending.length < start + length) return;
      const mask = pending.subarray(start - 4, start);
      const payload = pending.subarray(start, start + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      const opcode = pending.readUInt8(0) & 0x0f;
      pending = pending.subarray(start + length);
      if (opcode === 8) socket.end();
      else if (opcode === 1) onText(Buffer.from(payload).toString());
    }
  });
}
