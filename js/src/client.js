// What an application needs of Strike: connect, order a job, follow it to its receipt, read the output.
import { ApiPromise, WsProvider } from '@polkadot/api';
import { stringToHex, u8aToHex } from '@polkadot/util';
import { encodeTexts } from './protocol.js';

const optionalHash = { name: 'at', type: 'Hash', isOptional: true };

/** The `strike_*` methods. Their results are plain JSON, so no type is needed to decode them. */
export const rpc = {
  strike: {
    job: { description: 'A job', params: [{ name: 'job', type: 'u64' }, optionalHash], type: 'Json' },
    output: { description: 'The output of a job, if this node has it', params: [{ name: 'job', type: 'u64' }], type: 'Json' },
  },
};

export async function connect(url) {
  const provider = new WsProvider(url, 1_000, {}, 30_000);
  const api = await ApiPromise.create({ provider, rpc, noInitWarn: true });
  // A connection that is lost while waiting must end in an error, not in silence.
  api.on('error', (error) => console.error(`connection: ${error.message ?? error}`));
  return api;
}

/** The order of a generation as the call takes it. `model` is `{ kind, root }`. */
export function generation({ prompt, model, maxOutputTokens = 48, temperature = 0.7, minP = 0.05, maxPrice, deadline = 60 }) {
  return {
    V1: {
      work: {
        Generate: {
          input: { Plain: stringToHex(prompt) },
          sampler: {
            temperature_milli: Math.round(temperature * 1_000),
            min_p_milli: Math.round(minP * 1_000),
            repetition_penalty_milli: 1_100,
            repetition_window: 32,
          },
          max_input_tokens: new TextEncoder().encode(prompt).length + 16,
          max_output_tokens: maxOutputTokens,
          stop: [],
        },
      },
      model,
      class: 'Exact',
      max_price: maxPrice,
      deadline,
    },
  };
}

/** The order of an embedding as the call takes it: one vector for each of `texts`, of a model that is an encoder. */
export function embedding({ texts, model, maxInputTokens, maxPrice, deadline = 60 }) {
  const length = (text) => new TextEncoder().encode(text).length;
  const atMost = texts.reduce((sum, text) => sum + length(text) + 4, 0);
  return {
    V1: {
      work: { Embed: { input: { Plain: u8aToHex(encodeTexts(texts)) }, max_input_tokens: maxInputTokens ?? atMost } },
      model,
      class: 'Exact',
      max_price: maxPrice,
      deadline,
    },
  };
}

/** The models registered on chain, by the runtime's own storage: `[{ model, name }]`. */
export async function models(api) {
  const entries = await api.query.provenance.artifacts.entries();
  return entries.map(([key, artifact]) => ({ model: key.args[0], name: artifact.unwrap().name.toUtf8() }));
}

function dispatchErrorText(api, error) {
  if (!error.isModule) return error.toString();
  const { section, name, docs } = api.registry.findMetaError(error.asModule);
  return `${section}.${name}: ${docs.join(' ')}`;
}

/** Signs and submits the order. Resolves, once it is in a block, to `{ job, hash, number }`. */
export function submitJob(api, account, order, options = {}) {
  return new Promise((resolve, reject) => {
    let unsubscribe = () => {};
    const done = (settle, value) => {
      unsubscribe();
      settle(value);
    };
    api.tx.market
      .submit(order)
      .signAndSend(account, options, async ({ status, events, dispatchError, txHash, isError }) => {
        if (dispatchError) return done(reject, new Error(dispatchErrorText(api, dispatchError)));
        if (isError) return done(reject, new Error(`the order was not taken: ${status.type}`));
        if (!status.isInBlock) return undefined;
        const submitted = events.find(({ event }) => api.events.market.JobSubmitted.is(event));
        const hash = status.asInBlock;
        const number = (await api.rpc.chain.getHeader(hash)).number.toNumber();
        return done(resolve, { job: submitted.event.data.job.toNumber(), hash, number, txHash });
      })
      .then((stop) => {
        unsubscribe = stop;
      }, reject);
  });
}

/** Whether an event of the market or of verification is about `job`. */
const concerns = (event, job) =>
  ['market', 'verification'].includes(event.section) && event.data.job !== undefined && event.data.job.eq(job);

/**
 * Reads finalized blocks from `from` on, in order and without a gap, and calls `onBlock({ number, hash, block, events })`.
 * Ends when `onBlock` returns true.
 */
export async function followFinalized(api, from, onBlock) {
  let next = from;
  let wake = () => {};
  const unsubscribe = await api.rpc.chain.subscribeFinalizedHeads(() => wake());
  try {
    for (;;) {
      const arrived = new Promise((resolve) => {
        wake = resolve;
      });
      const head = (await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead())).number.toNumber();
      while (next <= head) {
        const hash = await api.rpc.chain.getBlockHash(next);
        const [{ block }, events] = await Promise.all([
          api.rpc.chain.getBlock(hash),
          (await api.at(hash)).query.system.events(),
        ]);
        if (await onBlock({ number: next, hash, block, events })) return;
        next += 1;
      }
      await arrived;
    }
  } finally {
    unsubscribe();
  }
}

/** Follows jobs, given as `Map(job → …)` or a list, until all are closed. Calls `onEvent({ job, event, number })` on the way. */
export async function followJobs(api, jobs, from, onEvent, onBlock = async () => {}) {
  const open = new Set(jobs);
  await followFinalized(api, from, async (finalized) => {
    await onBlock(finalized);
    for (const { event } of finalized.events) {
      for (const job of jobs) {
        if (!concerns(event, job)) continue;
        onEvent({ job, event, number: finalized.number });
        if (api.events.market.JobClosed.is(event)) open.delete(job);
      }
    }
    return open.size === 0;
  });
}

/** The receipt of a closed job as JSON-friendly values, from the chain's state. */
export async function readReceipt(api, job) {
  const receipt = await api.query.market.receipts(job);
  return receipt.isSome ? receipt.unwrap() : null;
}

/** The output, from a node that ran or checked the job: `text` of a generation, `vectors` of an embedding. */
export async function readOutput(api, job) {
  return (await api.rpc.strike.output(job)).toJSON();
}
