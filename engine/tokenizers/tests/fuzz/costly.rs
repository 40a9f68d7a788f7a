//! Texts made to cost much memory for their length.

use crate::common::gguf::{self, Value};
use crate::fuzz::costly;

/// The entry, and an input of about `length` bytes. Most are refused, but only after they were parsed.
pub fn inputs(length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut list: Vec<(&str, Vec<u8>)> =
        costly::inputs(length).into_iter().filter(|(entry, _)| *entry == "gguf").collect();
    let repeated = |open: &str, item: &str, close: &str| costly::repeated(length, open, item, close);
    let keyed = |open: &str, item: &dyn Fn(usize) -> String, close: &str| costly::keyed(length, open, item, close);
    list.push(("tokenizer_json", repeated("[", "0", "]")));
    list.push(("tokenizer_json", repeated("[", "[]", "]")));
    list.push(("tokenizer_json", repeated("[", "{\"\":0}", "]")));
    list.push(("tokenizer_json", keyed("{", &|at| format!("\"{at}\":0"), "}")));
    let model = r#"{"model":{"type":"BPE","merges":[],"vocab":{"#;
    list.push(("tokenizer_json", keyed(model, &|at| format!("\"{at:x}\":{at}"), "}}}")));
    list.push(("tokenizer_json", keyed(model, &|at| format!("\"{at:x}\":{}", at % 1000), "}}}")));
    let model = r#"{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["#;
    list.push(("tokenizer_json", repeated(model, "\"a a\"", "]}}")));
    list.push(("tokenizer_json", repeated(model, "[\"a\",\"a\"]", "]}}")));
    let model = r#"{"model":{"type":"Unigram","unk_id":0,"vocab":["#;
    list.push(("tokenizer_json", repeated(model, "[\"\",0]", "]}}")));
    list.push(("tokenizer_json", keyed(model, &|at| format!("[\"{at:x}\",0]"), "]}}")));
    let added = r#"{"model":{"type":"BPE","vocab":{},"merges":[]},"added_tokens":["#;
    list.push(("tokenizer_json", keyed(added, &|at| format!("{{\"id\":{at},\"content\":\"{at:x}\"}}"), "]}")));
    list.push(("chat_template", [b"\x01", &repeated("{\"x\":[", "0", "]}")[..]].concat()));
    list.push(("chat_template", [b"\x00", "{{x}}".repeat(length.min(65000) / 5).as_bytes()].concat()));
    list.push(("chat_template", [b"\x00", "{{[[1],x.y]}}".repeat(length.min(65000) / 13).as_bytes()].concat()));
    list.extend(gguf_tokenizers(length));
    list
}

fn gguf_tokenizers(length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let strings = |count: usize, text: &dyn Fn(usize) -> String| Value::Strings((0..count).map(text).collect());
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let entry = |entries: &[(String, Value)]| [&[entries.len() as u8][..], &gguf::write(entries, &[])[24..]].concat();
    let empty = strings(length / 8, &|_| String::new());
    let names = |per: usize| strings(length / per, &|at| format!("{at:x}"));
    let bpe = |tokens: Value, merges: Value| {
        entry(&[
            (key("model"), "gpt2".into()),
            (key("pre"), "gpt-2".into()),
            (key("tokens"), tokens),
            (key("merges"), merges),
        ])
    };
    let few = strings(2, &|at| "a".repeat(at + 1));
    let run = |count: usize, text: &dyn Fn(usize) -> String| {
        let scores = Value::Floats(vec![0.0; count]);
        entry(&[
            (key("model"), "llama".into()),
            (key("tokens"), strings(count, text)),
            (key("scores"), scores),
            (key("bos_token_id"), Value::U32(0)),
            (key("unknown_token_id"), Value::U32(0)),
        ])
    };
    // Every beginning of a long token is a token, and so is every end.
    let pieces = (length as f64).sqrt() as usize;
    vec![
        ("tokenizer_gguf", bpe(empty.clone(), empty.clone())),
        ("tokenizer_gguf", bpe(names(12), few.clone())),
        ("tokenizer_gguf", bpe(few, strings(length / 11, &|_| "a a".to_owned()))),
        ("tokenizer_gguf", run(pieces.min(1000), &|at| "a".repeat(at + 1))),
        ("tokenizer_gguf", run(length / 16, &|at| format!("{at:04x}"))),
    ]
}
