//! Inputs made to cost much memory for their length.

use super::joined;
use crate::common::gguf::{self, Stored, Value};

/// The entry, and an input of about `length` bytes. Most are refused, but only after they were parsed.
pub fn inputs(length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut list: Vec<(&str, Vec<u8>)> = Vec::new();
    let repeated = |open: &str, item: &str, close: &str| {
        let items = vec![item; (length.saturating_sub(open.len() + close.len())) / (item.len() + 1)];
        format!("{open}{}{close}", items.join(",")).into_bytes()
    };
    let keyed = |open: &str, item: &dyn Fn(usize) -> String, close: &str| {
        let mut text = open.to_owned();
        let mut at = 0;
        while text.len() + close.len() < length {
            text.push_str(if at == 0 { "" } else { "," });
            text.push_str(&item(at));
            at += 1;
        }
        (text + close).into_bytes()
    };
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
    let none = b"\x02\0\0\0\0\0\0\0{}";
    for field in ["rope_scaling", "eos_token_id", "layer_types", "other"] {
        for item in ["0", "[]", "\"\"", "{\"a\":0}"] {
            // A part has less than 64 KiB.
            let open = format!("{{\"{field}\":[");
            let count = length.min(60000) / (item.len() + 1);
            let config = open + &vec![item; count].join(",") + "],\"model_type\":\"llama\"}";
            list.push(("safetensors", [joined(&[config.as_bytes()]), none.to_vec()].concat()));
        }
    }
    let header = keyed("{", &|at| format!("\"{at:x}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"), "}");
    let weights = [&(header.len() as u64).to_le_bytes()[..], &header].concat();
    list.push(("safetensors", [joined(&[b"{\"model_type\":\"llama\"}"]), weights.clone()].concat()));
    list.push(("adapter", [joined(&[br#"{"r":2,"lora_alpha":1}"#]), weights].concat()));
    let header = keyed("{\"__metadata__\":{", &|at| format!("\"{at:x}\":\"\""), "}}");
    list.push(("safetensors", [joined(&[b"{}"]), (header.len() as u64).to_le_bytes().to_vec(), header].concat()));
    let index = keyed("{\"weight_map\":{", &|at| format!("\"{at:x}\":\"a\""), "}}");
    if index.len() < 65536 {
        list.push(("folder", joined(&[b"{}", b"", b"", b"", &index, b"", b""])));
    }
    list.extend(gguf_inputs(length));
    list
}

fn gguf_inputs(length: usize) -> Vec<(&'static str, Vec<u8>)> {
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
    let many: Vec<_> = (0..length / 14).map(|at| (format!("{at:x}"), Value::Bool(true))).collect();
    let tensor = |at: usize| Stored { name: format!("{at:x}"), shape: vec![], kind: 3, bytes: vec![] };
    let tensors: Vec<_> = (0..length / 28).map(tensor).collect();
    vec![
        ("tokenizer_gguf", bpe(empty.clone(), empty.clone())),
        ("tokenizer_gguf", bpe(names(12), few.clone())),
        ("tokenizer_gguf", bpe(few, strings(length / 11, &|_| "a a".to_owned()))),
        ("tokenizer_gguf", run(pieces.min(1000), &|at| "a".repeat(at + 1))),
        ("tokenizer_gguf", run(length / 16, &|at| format!("{at:04x}"))),
        ("gguf", gguf::write(&many[..many.len().min(16000)], &[])),
        ("gguf", gguf::write(&[("x".to_owned(), empty)], &[])),
        ("gguf", gguf::write(&[], &tensors[..tensors.len().min(65000)])),
    ]
}
