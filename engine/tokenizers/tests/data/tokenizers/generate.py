"""Trains a small tokenizer of every kind on the text below and writes what Python's `tokenizers` and `sentencepiece` make
of some texts. Run in a virtual environment with both packages, in this folder; the results are committed."""

import io
import json

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

CORPUS = """
The harbour was quiet in the morning. Gulls walked along the wall, and the boats were tied up two by two.
She counted them: twelve, thirteen, fourteen. In 2019 there had been 208; today there weren't even 20.
"We'll see," said the old man, "they've gone further out, and they don't come back before noon."
Nobody believed him. He'd said the same thing yesterday, and the day before that, and it's never been true.
for (int i = 0; i < 100; i++) { total += values[i] * 2; }
def mean(values):
    return sum(values) / len(values)
Der Hafen war morgens still. Möwen liefen über die Mauer, und die Boote lagen zu zweit nebeneinander.
Größe, Straße, Äpfel und Öl: Wörter mit besonderen Buchstaben.
Le port était calme le matin. Où sont passés les bateaux ? Ils sont déjà partis, très loin, à l'ouest.
Гавань была тиха утром. Чайки ходили по стене, и лодки стояли попарно.
港は朝静かだった。カモメが壁の上を歩いていた。
港口早上很安静。海鸥沿着墙走。
""".strip().split("\n") * 4

TEXTS = [
    "The harbour was quiet in the morning.",
    " leading and trailing spaces  ",
    "   three   spaces\n\n\nand lines\r\n\ttabs ",
    "She'll count 1234567 boats; they've gone, THEY'RE GONE!",
    "Größe, Straße, déjà vu, naïve café",
    "Чайки и лодки. 港は朝静か。海鸥",
    "unseen: 🦊🦊 👩‍👩‍👧 ﷺ ½ ﬁ é é ☃",
    "<s>not<|im_end|> a turn [SEP] </s> <tool>x</tool> [MASK]",
    "",
    " ",
    "\n",
    "▁ the space of SentencePiece ▁▁",
    "a\u0000b\u200bc\u00a0d",
    "mean(values[i]) += 100 // 20.5%",
    "don ' t do not , really ?",
]

GPT2 = dict(add_prefix_space=False, trim_offsets=True)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)


def cases(tokenizer):
    made = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        made.append(
            {
                "text": text,
                "ids": ids,
                "plain": plain,
                "decoded": tokenizer.decode(ids, skip_special_tokens=True),
                "decoded_with_special": tokenizer.decode(ids, skip_special_tokens=False),
            }
        )
    return made


def write(name, tokenizer, gguf=None):
    with open(f"{name}.json", "w") as file:
        made = {"tokenizer": json.loads(tokenizer.to_str()), "cases": cases(tokenizer), "gguf": gguf}
        json.dump(made, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def byte_level_gguf(tokenizer, pre, **more):
    content = json.loads(tokenizer.to_str())
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    tokens = [token for token, _ in sorted(vocabulary.items(), key=lambda entry: entry[1])]
    types = [NORMAL] * len(tokens)
    for token in content["added_tokens"]:
        types[token["id"]] = CONTROL if token["special"] else USER
    tokens += ["[PAD0]", "[PAD1]"]
    types += [UNUSED, UNUSED]
    merges = [" ".join(pair) for pair in content["model"]["merges"]]
    return dict(model="gpt2", pre=pre, tokens=tokens, token_types=types, merges=merges, **more)


def byte_level(name, pre, pre_tokenizer, special, size, first=(), normalizer=None, bos=None, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(first), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in ["<tool>", "</tool>"]])
    more = {}
    if bos:
        more["bos"] = tokenizer.token_to_id(bos)
        template = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, more["bos"])])
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    else:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    write(name, tokenizer, byte_level_gguf(tokenizer, pre, **more))


def split(expression):
    regex = pre_tokenizers.Split(Regex(expression), "isolated")
    return pre_tokenizers.Sequence([regex, pre_tokenizers.ByteLevel(use_regex=False, **GPT2)])


byte_level("gpt2", "gpt-2", pre_tokenizers.ByteLevel(**GPT2), ["<|endoftext|>"], 400)
digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(**GPT2)])
byte_level("smollm", "smollm", digits, [], 400, first=["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
byte_level("qwen2", "qwen2", split(QWEN2), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 400, normalizer=normalizers.NFC())
byte_level("llama3", "llama-bpe", split(LLAMA3), ["<s>", "<|im_end|>"], 400, bos="<s>", ignore_merges=True)


def generate_merges(tokens, scores):
    """As transformers' `generate_merges` does it."""
    vocab = {token: id for id, token in enumerate(tokens)}
    merges = []
    for token, score in zip(tokens, scores):
        local = []
        for at in range(1, len(token)):
            left, right = token[:at], token[at:]
            if left in vocab and right in vocab:
                local.append((left, right, score))
        merges.extend(sorted(local, key=lambda pair: (vocab[pair[0]], vocab[pair[1]])))
    merges = sorted(merges, key=lambda pair: (pair[2], len(pair[0]), len(pair[1])), reverse=True)
    return [(left, right) for left, right, _ in merges]


def train_sentence_piece(kind, size, **more):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=model, model_type=kind, vocab_size=size, minloglevel=2, **more
    )
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()), proto


def sentence_piece(name, prefix):
    processor, proto = train_sentence_piece(
        "bpe",
        620,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=prefix,
        allow_whitespace_only_pieces=True,
    )
    tokens = [piece.piece for piece in proto.pieces]
    scores = [piece.score for piece in proto.pieces]
    types = [piece.type for piece in proto.pieces]
    vocab = {token: id for id, token in enumerate(tokens)}
    merges = generate_merges(tokens, scores)
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ["<unk>", "<s>", "</s>"]])
    replace = normalizers.Replace(" ", "▁")
    back = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if prefix:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace])
        tokenizer.decoder = decoders.Sequence([*back, decoders.Strip(" ", 1, 0)])
    else:
        tokenizer.normalizer = replace
        tokenizer.decoder = decoders.Sequence(back)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    for text in TEXTS:
        # SentencePiece ends a text at a zero byte's piece otherwise, and does not look for control tokens.
        if not ("<s>" in text or "\0" in text):
            assert processor.encode(text) == tokenizer.encode(text, add_special_tokens=False).ids, text
    gguf = dict(model="llama", tokens=tokens, scores=scores, token_types=types, bos=1, eos=2, unk=0)
    write(name, tokenizer, dict(gguf, add_space_prefix=prefix))


sentence_piece("llama", True)
sentence_piece("gemma", False)

_, proto = train_sentence_piece("unigram", 420, normalization_rule_name="nmt_nfkc", hard_vocab_limit=False)
pieces = [(piece.piece, piece.score) for piece in proto.pieces]
tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ["<unk>", "<s>", "</s>"]])
# The precompiled map of nmt_nfkc is 300 kB; the components that Albert has instead are enough here.
tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
write("unigram", tokenizer)

tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
tokenizer.train_from_iterator(CORPUS, trainer)
tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
phantom = [
    token if token in special else token[2:] if token.startswith("##") else "▁" + token for token, _ in vocabulary
]
types = [CONTROL if token in special else NORMAL for token, _ in vocabulary]
gguf = dict(model="bert", tokens=phantom, token_types=types, unk=1, pad=0, cls=2, sep=3, bos=2, eos=3)
# These are what sentence embeddings come with; they must not matter.
tokenizer.enable_truncation(4)
tokenizer.enable_padding(length=8)
content = tokenizer.to_str()
tokenizer.no_truncation()
tokenizer.no_padding()
write("bert", tokenizer, gguf)
with open("bert.json") as file:
    made = json.load(file)
made["tokenizer"] = json.loads(content)
with open("bert.json", "w") as file:
    json.dump(made, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
