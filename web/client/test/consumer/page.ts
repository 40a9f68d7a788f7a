// What a page in a browser may write, and what its compiler refuses. This is compiled (`npm run typecheck`), never run: with the
// declarations that are published, for a bundler, and without the types of Node.js.
import {
  connect,
  followJobs,
  generation,
  models,
  readJob,
  readQuote,
  readReceipt,
  submitJob,
  type Amount,
  type Generation,
  type JobOrder,
  type Receipt,
} from '@strike/client';
import { parseTokens } from '@strike/client/amount';
import { bundleRoot, utf8 } from '@strike/client/protocol';

export async function buy(prompt: string, address: string): Promise<Receipt | null> {
  const api = await connect('ws://127.0.0.1:9944');
  const [known] = await models(api);
  if (!known) return null;
  const order = { prompt, model: known.model, maxPrice: parseTokens('1.5') } satisfies Generation;
  const quote = await readQuote(api, order);
  const most: Amount = quote?.maxFee ?? 0n;
  if (most > order.maxPrice) return null;
  const { job, number } = await submitJob(api, address, generation(order));
  for await (const { steps } of followJobs(api, [job], number)) for (const { event } of steps) console.log(event.method);
  const { status } = await readJob(api, job);
  if (status.state === 'closed' && status.reason === 'settled') return readReceipt(api, job);
  return null;
}

const model = { kind: 'bundle', root: '0x00' } as const;

export const refused: unknown[] = [
  // @ts-expect-error: the field is `maxPrice`
  generation({ prompt: 'a', model, max_price: 1n }),
  // @ts-expect-error: an amount is no number
  generation({ prompt: 'a', model, maxPrice: 1 }),
  // @ts-expect-error: nor a text
  generation({ prompt: 'a', model, maxPrice: '1' }),
  // @ts-expect-error: a misspelt option
  generation({ prompt: 'a', model, maxPrice: 1n, maxTokens: 5 }),
  // @ts-expect-error: there is no such kind of model
  generation({ prompt: 'a', model: { kind: 'file', root: '0x00' }, maxPrice: 1n }),
  // @ts-expect-error: this version of the order does not exist
  { V2: generation({ prompt: 'a', model, maxPrice: 1n }).V1 } satisfies JobOrder,
  // @ts-expect-error: the word is `validator`
  'verifier' satisfies Receipt['payments'][number]['role'],
  // @ts-expect-error: data are bytes
  bundleRoot([{ name: 'config.json', data: '{}' }]),
  bundleRoot([{ name: 'config.json', data: utf8('{}') }]),
];
