"""One measurement of llama.cpp, in a process of its own; also its quantizer. Runs where llama-cpp-python is installed.

    python bench/llama_worker.py --model FILE --threads N --prompt-tokens N --tokens N [--position P] [--batch B]
        [--n-batch N] [--n-ubatch N] [--flash 0|1]        prints {"prefill_tps": …, "decode_tps": …}
    python bench/llama_worker.py --quantize FROM TO       Q4_K_M
    python bench/llama_worker.py --system-info            which instructions it was compiled for

The same things are timed as by `strike engine bench`: a prompt in one call, then tokens one after another, each after
the logits of the one before are there. With --position, decoding starts behind a prompt of that many tokens.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import time

import llama_cpp as llama

WARM_UP_TOKENS = 8


@llama.llama_log_callback
def quiet(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    if level == 4:
        sys.stderr.write(text.decode(errors="replace"))


class Session:
    """A model with a context, driven by token ids: no text, no sampling, as in the engine's own measurement."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        settings = llama.llama_model_default_params()
        settings.n_gpu_layers = 0
        self.model = llama.llama_model_load_from_file(arguments.model.encode(), settings)
        if not self.model:
            raise SystemExit(f"llama.cpp could not load {arguments.model}")
        self.vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        start = arguments.position or arguments.prompt_tokens
        context = llama.llama_context_default_params()
        context.n_ctx = (start + arguments.tokens + 64) * arguments.batch
        context.n_batch = arguments.n_batch
        context.n_ubatch = arguments.n_ubatch
        context.n_seq_max = arguments.batch
        context.n_threads = arguments.threads
        context.n_threads_batch = arguments.threads
        context.flash_attn_type = arguments.flash
        context.no_perf = True
        self.context = llama.llama_init_from_model(self.model, context)
        if not self.context:
            raise SystemExit("llama.cpp refused the context")
        self.n_batch = arguments.n_batch
        self.batch = llama.llama_batch_init(max(arguments.n_batch, arguments.batch), 0, 1)

    def token(self, index: int) -> int:
        return 300 + (index * 7919) % (self.vocabulary - 300)

    def clear(self) -> None:
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)

    def run(self, entries: list[tuple[int, int, int, bool]]) -> None:
        """Computes (token, position, sequence, logits wanted) and waits for the end."""
        self.batch.n_tokens = len(entries)
        for index, (token, position, sequence, wanted) in enumerate(entries):
            self.batch.token[index] = token
            self.batch.pos[index] = position
            self.batch.n_seq_id[index] = 1
            self.batch.seq_id[index][0] = sequence
            self.batch.logits[index] = wanted
        status = llama.llama_decode(self.context, self.batch)
        if status != 0:
            raise SystemExit(f"llama_decode says {status}")
        llama.llama_synchronize(self.context)

    def prefill(self, count: int, sequence: int = 0) -> None:
        for start in range(0, count, self.n_batch):
            end = min(start + self.n_batch, count)
            self.run([(self.token(i), i, sequence, i == count - 1) for i in range(start, end)])

    def decode(self, start: int, count: int, batch: int) -> None:
        for step in range(start, start + count):
            self.run([(self.token(step + 31 * sequence), step, sequence, True) for sequence in range(batch)])


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    session = Session(arguments)
    result: dict[str, float] = {}
    # Threads, caches and repacked weights are warm before anything counts.
    session.prefill(min(64, session.n_batch))
    session.clear()
    if arguments.prompt_tokens and not arguments.position:
        begin = time.perf_counter()
        session.prefill(arguments.prompt_tokens)
        result["prefill_tps"] = arguments.prompt_tokens / (time.perf_counter() - begin)
        session.clear()
    if arguments.tokens:
        position = arguments.position or arguments.prompt_tokens
        for sequence in range(arguments.batch):
            session.prefill(position, sequence)
        session.decode(position, WARM_UP_TOKENS, arguments.batch)
        begin = time.perf_counter()
        session.decode(position + WARM_UP_TOKENS, arguments.tokens, arguments.batch)
        result["decode_tps"] = arguments.tokens * arguments.batch / (time.perf_counter() - begin)
    return result


def quantize(source: str, target: str) -> None:
    settings = llama.llama_model_quantize_default_params()
    settings.ftype = llama.LLAMA_FTYPE_MOSTLY_Q4_K_M
    settings.allow_requantize = True
    settings.nthread = os.cpu_count() or 1
    if llama.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(settings)) != 0:
        raise SystemExit(f"llama.cpp could not quantize {source}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prompt-tokens", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=0)
    parser.add_argument("--position", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--n-batch", type=int, default=2048)
    parser.add_argument("--n-ubatch", type=int, default=512)
    parser.add_argument("--flash", type=int, choices=(0, 1), default=0)
    parser.add_argument("--quantize", nargs=2, metavar=("FROM", "TO"))
    parser.add_argument("--system-info", action="store_true")
    arguments = parser.parse_args()
    llama.llama_log_set(quiet, None)
    llama.llama_backend_init()
    if arguments.system_info:
        print(llama.llama_print_system_info().decode())
    elif arguments.quantize:
        quantize(*arguments.quantize)
    elif arguments.model:
        print(json.dumps(measure(arguments)))
    else:
        parser.error("nothing to do: --model, --quantize or --system-info")


if __name__ == "__main__":
    main()
