// Connections that end in an error, never in silence.
import { ApiPromise, WsProvider } from '@polkadot/api';
import { ConnectionFailed, ConnectionLost, reason } from '../errors.js';

/** Milliseconds a node has to become ready. */
const READY_MS = 30_000;
/** Milliseconds a node has to answer a call. It takes up to 30 s to fetch an output from other nodes. */
const ANSWER_MS = 45_000;

/** How long to wait for a node, in milliseconds. */
export interface Patience {
  /** Until it is ready; 30 s if left out. */
  ready?: number;
  /** For the answer to a call; 45 s if left out. What is late is noticed within 5 s. */
  answer?: number;
}

/**
 * Connects to a node by WebSocket, once: a lost connection is not made again by itself.
 *
 * Throws {@link ConnectionFailed} if the node is not ready in time, or is none of this kind.
 */
export async function connect(url: string, { ready = READY_MS, answer = ANSWER_MS }: Patience = {}): Promise<ApiPromise> {
  let provider: WsProvider;
  try {
    // Without a delay it makes no connection by itself, neither now nor after it is lost.
    provider = new WsProvider(url, false, {}, answer);
  } catch (error) {
    throw new ConnectionFailed(url, reason(error));
  }
  const api = new ApiPromise({ provider, noInitWarn: true });
  const end = lost(api);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await Promise.race([
      api.isReadyOrError,
      provider.connect().then(() => end.promise),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not ready within ${ready / 1_000} s`)), ready);
      }),
    ]);
    return api;
  } catch (error) {
    // Whichever of the three came second has nobody who waits for it.
    api.isReadyOrError.catch(() => {});
    await api.disconnect().catch(() => {});
    throw new ConnectionFailed(url, reason(error));
  } finally {
    clearTimeout(timer);
    end.stop();
  }
}

/** Waits for the end of a connection: the promise rejects with {@link ConnectionLost}. `stop` ends the wait. */
export function lost(api: ApiPromise): { promise: Promise<never>; stop: () => void } {
  let stop = () => {};
  const promise = new Promise<never>((_, reject) => {
    const onEnd = () => reject(new ConnectionLost('it was closed'));
    api.on('disconnected', onEnd);
    stop = () => {
      api.off('disconnected', onEnd);
    };
  });
  // It may be lost while nobody waits: the next one to ask learns of it.
  promise.catch(() => {});
  return { promise, stop };
}

/** Whether an error of polkadot.js says that no answer came, rather than that the node refused. */
const noAnswer = (api: ApiPromise, error: unknown): boolean =>
  !api.isConnected || reason(error).startsWith('No response received');

/** The node's answer. Throws {@link ConnectionLost} if none comes; what the node refuses is thrown on. */
export async function answer<T>(api: ApiPromise, waited: Promise<T>): Promise<T> {
  const end = lost(api);
  try {
    return await Promise.race([waited, end.promise]);
  } catch (error) {
    // The race is decided: what comes later has nobody who waits for it.
    waited.catch(() => {});
    if (error instanceof ConnectionLost || !noAnswer(api, error)) throw error;
    throw new ConnectionLost(reason(error), { cause: error });
  } finally {
    end.stop();
  }
}
