// What can go wrong. Each error has a name to tell it apart by, and a hint that says what to do.

/** Base of all errors that the client throws by itself. */
export abstract class StrikeError extends Error {
  /** What the caller can do. */
  abstract readonly hint: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // The same after a bundler has shortened the class's own name.
    this.name = 'StrikeError';
  }
}

/** A value is no amount, or one that the chain cannot hold. */
export class InvalidAmount extends StrikeError {
  readonly hint = 'Pass amounts as bigint in the smallest unit, or as decimal strings in JSON.';

  constructor(value: unknown, why: string) {
    super(`${typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value)} is no amount: ${why}`);
    this.name = 'InvalidAmount';
  }
}

/** No node answers at the URL, or it did not become ready in time. */
export class ConnectionFailed extends StrikeError {
  readonly hint = 'Check the URL, and that a node of Strike runs there.';

  constructor(
    readonly url: string,
    why: string,
  ) {
    super(`no connection to ${url}: ${why}`);
    this.name = 'ConnectionFailed';
  }
}

/** The connection ended, or the node stopped answering. */
export class ConnectionLost extends StrikeError {
  readonly hint = 'Connect again, to the same node or another one.';

  constructor(why: string, options?: ErrorOptions) {
    super(`the connection to the node is lost: ${why}`, options);
    this.name = 'ConnectionLost';
  }
}

/** A transaction that was sent: what it is looked up by. */
export interface SentTransaction {
  /** Its hash in hex. */
  readonly transaction: string;
  /** The address that signed it. */
  readonly account: string;
  /** The account's nonce in it: of all transactions with this one, the chain takes one at most. */
  readonly nonce: number;
  /** The first block that it can be in; the last one is 64 blocks later. */
  readonly from: number;
}

/** Something went wrong behind the order: the jobs are on the chain, or may be, and how they end is not known here. */
export class OutcomeUnknown extends StrikeError {
  readonly hint: string;

  constructor(
    /** Ids of the jobs that were open when last seen. Empty where the order itself had not been seen in a final block. */
    readonly jobs: readonly number[],
    /** The first block that was not read. */
    readonly from: number | undefined,
    cause: unknown,
    /** The order that was sent, where it had not been seen in a final block. */
    readonly sent?: SentTransaction,
  ) {
    const order = sent ? `an order that was sent, transaction ${sent.transaction},` : 'an order that was sent';
    const what = jobs.length > 0 ? `jobs ${jobs.join(', ')}` : order;
    super(`what became of ${what} is unknown: ${reason(cause)}`, { cause });
    this.name = 'OutcomeUnknown';
    this.hint = sent
      ? 'Do not order again. Connect again: findTransaction(api, error.sent) tells what became of the order.'
      : 'Do not order again. Connect again and follow the jobs from the block named here.';
  }
}

/** The chain refused a transaction. */
export class TransactionFailed extends StrikeError {
  readonly hint = 'The chain changed nothing but the fee: correct the order by the error named, then send it again.';

  constructor(
    /** Pallet and name of the error, such as `market.DeadlineTooLong`; the status of a transaction that got into no block. */
    readonly error: string,
    docs = '',
  ) {
    super(docs ? `${error}: ${docs}` : error);
    this.name = 'TransactionFailed';
  }
}

/** The node or the chain answered in a form that this client does not know. */
export class UnexpectedAnswer extends StrikeError {
  readonly hint = 'Use the release of the client that goes with the runtime of this chain.';

  constructor(what: string, found: unknown) {
    super(`${what}: found ${JSON.stringify(found)?.slice(0, 80) ?? String(found)}`);
    this.name = 'UnexpectedAnswer';
  }
}

/** What an error says, whatever was thrown: WebSockets report events that carry a message. */
export function reason(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(message) || 'no reason was given';
}
