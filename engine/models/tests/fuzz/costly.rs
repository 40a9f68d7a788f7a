//! Inputs made to cost much memory for their length.

use super::joined;
use crate::common::gguf::{self, Stored, Value};

/// `open`, then `item` as often as there is room for it, then `close`.
pub fn repeated(length: usize, open: &str, item: &str, close: &str) -> Vec<u8> {
    let items = vec![item; (length.saturating_sub(open.len() + close.len())) / (item.len() + 1)];
    format!("{open}{}{close}", items.join(",")).into_bytes()
}

/// The same with items that differ.
pub fn keyed(length: usize, open: &str, item: &dyn Fn(usize) -> String, close: &str) -> Vec<u8> {
    let mut text = open.to_owned();
    let mut at = 0;
    while text.len() + close.len() < length {
        text.push_str(if at == 0 { "" } else { "," });
        text.push_str(&item(at));
        at += 1;
    }
    (text + close).into_bytes()
}

/// The entry, and an input of about `length` bytes. Most are refused, but only after they were parsed.
pub fn inputs(length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut list: Vec<(&str, Vec<u8>)> = Vec::new();
    let keyed = |open: &str, item: &dyn Fn(usize) -> String, close: &str| keyed(length, open, item, close);
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
    let empty = Value::Strings(vec![String::new(); length / 8]);
    let many: Vec<_> = (0..length / 14).map(|at| (format!("{at:x}"), Value::Bool(true))).collect();
    let tensor = |at: usize| Stored { name: format!("{at:x}"), shape: vec![], kind: 3, bytes: vec![] };
    let tensors: Vec<_> = (0..length / 28).map(tensor).collect();
    vec![
        ("gguf", gguf::write(&many[..many.len().min(16000)], &[])),
        ("gguf", gguf::write(&[("x".to_owned(), empty)], &[])),
        ("gguf", gguf::write(&[], &tensors[..tensors.len().min(65000)])),
    ]
}
