// Orders as the call `market.submit` takes them.
import { checkAmount, type Amount } from '../amount.js';
import { encodeTexts, toHex, utf8 } from '../protocol/index.js';
import type { ModelId } from '../receipt.js';


/** What every order says. */
interface Terms {
  model: ModelId;
  /** The most the job may cost, in the smallest unit. As much is held until the job is closed. */
  maxPrice: Amount;
  /** Blocks each provider has to its result; 60 if left out. */
  deadline?: number;
}

/** Text to be generated from a prompt. */
export interface Generation extends Terms {
  prompt: string;
  /** Most tokens to generate; 48 if left out. */
  maxOutputTokens?: number;
  /** Most tokens of the prompt. If left out, as many as its bytes can have and 16: with `maxOutputTokens` more than an ask may take. */
  maxInputTokens?: number;
  /** 0.7 if left out; 0 always takes the likeliest token. */
  temperature?: number;
  /** Least probability of a token, as a part of the likeliest one's; 0.05 if left out. */
  minP?: number;
}

/** One vector for each text, of a model that is an encoder. */
export interface Embedding extends Terms {
  texts: readonly string[];
  /** Most tokens read of all texts together. If left out, as many as the texts can have. */
  maxInputTokens?: number;
}

/** The work of a generation, in the words of the chain's metadata. */
export interface GenerateWork {
  input: { Plain: string };
  sampler: { temperature_milli: number; min_p_milli: number; repetition_penalty_milli: number; repetition_window: number };
  max_input_tokens: number;
  max_output_tokens: number;
  stop: readonly (readonly number[])[];
}

/** The work of an embedding, in the words of the chain's metadata. */
export interface EmbedWork {
  input: { Plain: string };
  max_input_tokens: number;
}

/** An order, in the words of the chain's metadata. */
export interface JobOrder {
  V1: {
    work: { Generate: GenerateWork } | { Embed: EmbedWork };
    model: { kind: 'Bundle'; root: string };
    class: 'Exact';
    max_price: Amount;
    deadline: number;
  };
}

/** Tokens that a model may add around a prompt. */
const PROMPT_MARGIN = 16;
/** Tokens that a model may add around each text. */
const TEXT_MARGIN = 4;
/** Blocks each provider has, where the order does not say. */
export const DEADLINE = 60;

const order = ({ model, maxPrice, deadline = DEADLINE }: Terms, work: JobOrder['V1']['work']): JobOrder => ({
  V1: { work, model: { kind: 'Bundle', root: model.root }, class: 'Exact', max_price: checkAmount(maxPrice), deadline },
});

/** What is to be done for a generation, with the usual values for what is left out. */
export function generateWork({ prompt, maxOutputTokens = 48, maxInputTokens, temperature = 0.7, minP = 0.05 }: Generation): GenerateWork {
  const input = utf8(prompt);
  return {
    input: { Plain: toHex(input) },
    sampler: {
      temperature_milli: Math.round(temperature * 1_000),
      min_p_milli: Math.round(minP * 1_000),
      repetition_penalty_milli: 1_100,
      repetition_window: 32,
    },
    // A token stands for a byte or more.
    max_input_tokens: maxInputTokens ?? input.length + PROMPT_MARGIN,
    max_output_tokens: maxOutputTokens,
    stop: [],
  };
}

/** What is to be done for an embedding, with the usual value for what is left out. */
export function embedWork({ texts, maxInputTokens }: Embedding): EmbedWork {
  const atMost = texts.reduce((sum, text) => sum + utf8(text).length + TEXT_MARGIN, 0);
  return { input: { Plain: toHex(encodeTexts(texts)) }, max_input_tokens: maxInputTokens ?? atMost };
}

/** The order of a generation, of the exact class. Throws {@link InvalidAmount}. */
export const generation = (request: Generation): JobOrder => order(request, { Generate: generateWork(request) });

/** The order of an embedding, of the exact class. Throws {@link InvalidAmount}. */
export const embedding = (request: Embedding): JobOrder => order(request, { Embed: embedWork(request) });
