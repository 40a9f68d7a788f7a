//! What the fuzzing of texts begins with: the files of the other tests, small.

use serde_json::{json, Value as Json};

use crate::common::gguf::{self, Value};
use crate::fuzz::seeds::{self, Seed};

pub fn seeds() -> Vec<Seed> {
    // Files of models with their tokenizers.
    let mut list: Vec<Seed> = seeds::seeds().into_iter().filter(|seed| seed.entry == "gguf").collect();
    let mut add = |entry, name: &str, contents| list.push(Seed::new(entry, name, contents));
    for (name, text) in TOKENIZERS {
        let content: Json = serde_json::from_str(text).expect("the fixture is JSON");
        add("tokenizer_json", name, content["tokenizer"].to_string().into_bytes());
        if let Some(entries) = tokenizer_entries(&content["gguf"]) {
            add("tokenizer_gguf", name, entry_bytes(&entries));
        }
    }
    for (name, tokenizer) in small_tokenizers() {
        add("tokenizer_json", &name, tokenizer.to_string().into_bytes());
    }
    let templates: Json = serde_json::from_str(include_str!("../data/chat_templates/rendered.json")).expect("JSON");
    for family in templates.as_array().expect("families") {
        let (name, template) = (family["name"].as_str().expect("a name"), family["template"].as_str().expect("a text"));
        add("chat_template", name, [b"\0", template.as_bytes()].concat());
    }
    let named = json!({"chat_template": [{"name": "default", "template": "{{ bos_token }}{{ messages[0]['content'] }}"}],
        "bos_token": {"content": "<s>"}});
    add("chat_template", "config", [b"\x01", named.to_string().as_bytes()].concat());
    list
}

const TOKENIZERS: [(&str, &str); 8] = [
    ("gpt2", include_str!("../data/tokenizers/gpt2.json")),
    ("smollm", include_str!("../data/tokenizers/smollm.json")),
    ("qwen2", include_str!("../data/tokenizers/qwen2.json")),
    ("llama3", include_str!("../data/tokenizers/llama3.json")),
    ("llama", include_str!("../data/tokenizers/llama.json")),
    ("gemma", include_str!("../data/tokenizers/gemma.json")),
    ("unigram", include_str!("../data/tokenizers/unigram.json")),
    ("bert", include_str!("../data/tokenizers/bert.json")),
];

/// The metadata of a fixture's GGUF form.
fn tokenizer_entries(content: &Json) -> Option<Vec<(String, Value)>> {
    let list = |field: &str| content[field].as_array();
    let strings = |field| {
        Some(Value::Strings(list(field)?.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()))
    };
    let floats =
        |field| Some(Value::Floats(list(field)?.iter().map(|item| item.as_f64().unwrap_or_default() as f32).collect()));
    let integers = |field| {
        Some(Value::Integers(list(field)?.iter().map(|item| item.as_i64().unwrap_or_default() as i32).collect()))
    };
    let string = |field: &str| content[field].as_str().map(Value::from);
    let id = |field: &str| content[field].as_u64().map(|id| Value::U32(id as u32));
    string("model")?;
    let entries = [
        ("model", string("model")),
        ("pre", string("pre")),
        ("tokens", strings("tokens")),
        ("scores", floats("scores")),
        ("token_type", integers("token_types")),
        ("merges", strings("merges")),
        ("bos_token_id", id("bos")),
        ("eos_token_id", id("eos")),
        ("unknown_token_id", id("unk")),
        ("padding_token_id", id("pad")),
        ("cls_token_id", id("cls")),
        ("seperator_token_id", id("sep")),
        ("add_space_prefix", content["add_space_prefix"].as_bool().map(Value::Bool)),
    ];
    Some(entries.into_iter().filter_map(|(key, value)| Some((format!("tokenizer.ggml.{key}"), value?))).collect())
}

/// The input of `tokenizer_gguf`: how many entries there are, and these.
fn entry_bytes(entries: &[(String, Value)]) -> Vec<u8> {
    let file = gguf::write(entries, &[]);
    [&[entries.len() as u8][..], &file[24..]].concat()
}

/// A few tokens with one component of each kind.
fn small_tokenizers() -> Vec<(String, Json)> {
    let bpe = json!({"type": "BPE", "unk_token": "a", "fuse_unk": true, "byte_fallback": true,
        "vocab": {"a": 0, "b": 1, "ab": 2, "▁": 3, "<0x0A>": 4}, "merges": ["a b"]});
    let unigram = json!({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["▁a", -1.5]]});
    let word_piece = json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##a": 2}});
    let replace = json!({"type": "Replace", "pattern": {"Regex": " +"}, "content": "▁"});
    let normalizers = [
        json!({"type": "NFKC"}),
        json!({"type": "NFD"}),
        json!({"type": "Nmt"}),
        json!({"type": "StripAccents"}),
        json!({"type": "Strip", "strip_left": true, "strip_right": true}),
        json!({"type": "Prepend", "prepend": "▁"}),
        json!({"type": "BertNormalizer"}),
        json!({"type": "Sequence", "normalizers": [{"type": "Lowercase"}, replace]}),
    ];
    let split = json!({"type": "Split", "pattern": {"Regex": "\\s+(?!\\S)|\\p{L}+"}, "behavior": "MergedWithNext"});
    let pre_tokenizers = [
        json!({"type": "ByteLevel", "add_prefix_space": true}),
        json!({"type": "Digits", "individual_digits": false}),
        json!({"type": "Punctuation", "behavior": "Removed"}),
        json!({"type": "Metaspace", "replacement": "▁"}),
        json!({"type": "BertPreTokenizer"}),
        json!({"type": "Whitespace"}),
        json!({"type": "WhitespaceSplit"}),
        json!({"type": "Sequence", "pretokenizers": [split]}),
    ];
    let decoders = [
        json!({"type": "ByteLevel"}),
        json!({"type": "Metaspace", "replacement": "▁"}),
        json!({"type": "WordPiece", "prefix": "##", "cleanup": true}),
        json!({"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}),
    ];
    let template = json!({"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "a"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"a": {"ids": [0]}}});
    let added = json!([{"id": 1, "content": "b", "lstrip": true, "single_word": true}]);
    let mut made = Vec::new();
    for at in 0..8 {
        let (model, added) = match at % 3 {
            0 => (&bpe, added.clone()),
            1 => (&unigram, json!([])),
            _ => (&word_piece, json!([{"id": 3, "content": "[SEP]", "special": true}])),
        };
        let tokenizer = json!({"model": model, "normalizer": normalizers[at], "pre_tokenizer": pre_tokenizers[at],
            "decoder": decoders[at % 4], "post_processor": template, "added_tokens": added});
        made.push((format!("small-{at}"), tokenizer));
    }
    made
}
