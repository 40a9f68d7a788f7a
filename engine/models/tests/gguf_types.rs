//! Quantized types of GGUF files against what ggml's Python package makes of the same bytes (`data/gguf_types`).

use crate::common::gguf::{self, Stored};
use crate::common::{tensor, Type};
use strike_arithmetic::weights::quantize;
use strike_models::tensors::TensorName;
use strike_models::{FloatModel, Model};

const HIDDEN: usize = 256;
const ROWS: usize = 4;

/// Name, ggml's number, a file's bytes and the numbers in them.
macro_rules! types {
    ($($name:literal $number:literal),*) => {
        [$((
            $name,
            $number,
            &include_bytes!(concat!("data/gguf_types/", $name, ".bin"))[..],
            &include_bytes!(concat!("data/gguf_types/", $name, ".f32"))[..],
        )),*]
    };
}

/// A file whose embedding has this type and these bytes.
fn file(kind: u32, bytes: &[u8]) -> Vec<u8> {
    let name = |field: &str| format!("llama.{field}");
    let number = |field: &str, value: u32| (name(field), gguf::Value::U32(value));
    let metadata = [
        ("general.architecture".to_owned(), "llama".into()),
        number("context_length", 16),
        number("embedding_length", HIDDEN as u32),
        number("block_count", 1),
        number("feed_forward_length", 32),
        number("attention.head_count", 1),
        number("attention.key_length", 32),
        (name("attention.layer_norm_rms_epsilon"), 1e-5f32.into()),
    ];
    let mut tensors =
        vec![Stored { name: "token_embd.weight".to_owned(), shape: vec![ROWS, HIDDEN], kind, bytes: bytes.to_vec() }];
    for (name, shape) in [
        ("output_norm", vec![HIDDEN]),
        ("blk.0.attn_norm", vec![HIDDEN]),
        ("blk.0.attn_q", vec![32, HIDDEN]),
        ("blk.0.attn_k", vec![32, HIDDEN]),
        ("blk.0.attn_v", vec![32, HIDDEN]),
        ("blk.0.attn_output", vec![HIDDEN, 32]),
        ("blk.0.ffn_norm", vec![HIDDEN]),
        ("blk.0.ffn_gate", vec![32, HIDDEN]),
        ("blk.0.ffn_up", vec![32, HIDDEN]),
        ("blk.0.ffn_down", vec![HIDDEN, 32]),
    ] {
        tensors.push(Stored::new(&tensor(&format!("{name}.weight"), &shape), Type::F16));
    }
    gguf::write(&metadata, &tensors)
}

#[test]
fn numbers_and_canonical_blocks_are_those_of_ggml() {
    let types = types![
        "Q4_0" 2, "Q4_1" 3, "Q5_0" 6, "Q5_1" 7, "Q8_0" 8, "Q2_K" 10, "Q3_K" 11, "Q4_K" 12, "Q5_K" 13, "Q6_K" 14
    ];
    for (name, kind, bytes, numbers) in types {
        let numbers: Vec<f32> = numbers.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let contents = file(kind, bytes);
        let float = FloatModel::from_gguf_bytes("model.gguf", contents.clone()).unwrap();
        let found = float.matrix(TensorName::Embedding).unwrap().unwrap();
        assert_eq!((found.rows, found.columns), (ROWS, HIDDEN), "{name}");
        for (at, (found, expected)) in found.values.iter().zip(&numbers).enumerate() {
            // ggml has zeros of both signs where a scale is zero.
            assert!(found == expected, "{name}: number {at} is {found}, ggml has {expected}");
        }

        let model = Model::from_gguf_bytes("model.gguf", contents).unwrap();
        let matrix = model.matrix(TensorName::Embedding).unwrap();
        // These are canonical blocks already, with scales that come from no rounding.
        if matches!(name, "Q4_0" | "Q8_0") {
            continue;
        }
        for (row, numbers) in numbers.chunks(HIDDEN).enumerate() {
            let expected: Vec<u8> = numbers
                .as_chunks::<32>()
                .0
                .iter()
                .flat_map(|numbers| {
                    let block = quantize(numbers).expect("the numbers are finite");
                    block.scale.to_le_bytes().into_iter().chain(block.q.map(|q| q as u8)).collect::<Vec<_>>()
                })
                .collect();
            assert_eq!(matrix.canonical_row(row), expected, "{name}: row {row}");
        }
    }
}

#[test]
fn scales_that_are_not_finite_are_refused() {
    // Where the scale, or the minimum, is in the first unit.
    for (kind, unit, at) in [(3, 20, 0), (3, 20, 2), (6, 22, 0), (7, 24, 2), (10, 84, 82), (11, 110, 108), (13, 176, 0)]
    {
        let weights = if kind < 10 { 32 } else { 256 };
        let mut bytes = vec![0x11; ROWS * HIDDEN / weights * unit];
        assert!(Model::from_gguf_bytes("model.gguf", file(kind, &bytes)).is_ok());
        bytes[at..at + 2].copy_from_slice(&0x7c00u16.to_le_bytes());
        let error = Model::from_gguf_bytes("model.gguf", file(kind, &bytes)).map(drop).unwrap_err();
        assert!(error.to_string().contains("token_embd.weight"), "{kind}: {error}");
    }
}
