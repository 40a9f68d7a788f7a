//! The forward pass against the definitions, and its independence of everything but the tokens.

use std::sync::Arc;

use strike_arithmetic::attention::TILE;
use strike_models::architecture::Decoder;
use strike_models::tensors::{LayerTensor, TensorName};

use crate::exact::decoder::attend::MANY_TILES;
use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::network::Network;
use crate::exact::decoder::workspace::{Run, Workspace};
use crate::exact::threads::thread_pool::ThreadPool;
use crate::isa::Isa;

use crate::exact::tests::definitions::{adapter, bits, decoder, elaborate, reference, Random, RandomTensors};

#[test]
fn any_division_into_passes_gives_the_bits_of_the_reference() {
    for (decoder, length, adapted) in
        [(decoder(2), 140, false), (elaborate(3), 140, false), (decoder(2), 40, true), (elaborate(3), 40, true)]
    {
        let mut tensors = RandomTensors::new(decoder.clone(), 0xabcd_ef01);
        tensors.adapter = adapted.then(|| adapter(&decoder));
        let tensors = Arc::new(tensors);
        let mut random = Random(77);
        let tokens: Vec<u32> = (0..length).map(|_| (random.next() % 100) as u32).collect();
        let expected: Vec<Vec<u32>> = reference(&tensors, &tokens).iter().map(|row| bits(row)).collect();
        let mut network = Network::new(tensors.clone()).expect("a network");
        if let Some(adapter) = &tensors.adapter {
            network = network.with_adapter(adapter.clone()).expect("an adapter that fits");
        }
        for isa in Isa::available() {
            for (threads, passes) in [(1, [1, length]), (2, [7, length]), (3, [64, length]), (8, [33, length])] {
                let pool = ThreadPool::new(threads).expect("threads");
                let forward = Forward { isa, pool: &pool, network: &network };
                let mut workspace = Workspace::default();
                for pass in passes {
                    let mut sequence = Sequence::new(forward.cache_shape());
                    for (index, chunk) in tokens.chunks(pass).enumerate() {
                        let run = Run { sequence: &mut sequence, tokens: chunk, long: false };
                        forward.layers(&mut [run], &mut workspace, None).expect("finite");
                        let mut logits = Vec::new();
                        let all: Vec<usize> = (0..chunk.len()).collect();
                        forward.logits(&mut workspace, &all, &mut logits).expect("finite");
                        for (at, row) in logits.chunks_exact(decoder.vocab_size).enumerate() {
                            let position = index * pass + at;
                            assert!(bits(row) == expected[position], "{} {threads} {pass} {position}", isa.name());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn few_rows_over_a_long_context_give_the_bits_of_the_reference() {
    let (prompt, length) = (MANY_TILES * TILE - 3, MANY_TILES * TILE + 5);
    for decoder in [decoder(1), elaborate(2)] {
        let decoder = Decoder { context_length: length, ..decoder };
        let tensors = Arc::new(RandomTensors::new(decoder.clone(), 0x0246_8ace));
        let mut random = Random(11);
        let tokens: Vec<u32> = (0..length).map(|_| (random.next() % 100) as u32).collect();
        let expected: Vec<Vec<u32>> = reference(&tensors, &tokens).iter().map(|row| bits(row)).collect();
        let network = Network::new(tensors).expect("a network");
        for isa in Isa::available() {
            for threads in [1, 2, 3, 8] {
                let pool = ThreadPool::new(threads).expect("threads");
                let forward = Forward { isa, pool: &pool, network: &network };
                let mut workspace = Workspace::default();
                let mut sequence = Sequence::new(forward.cache_shape());
                let mut position = 0;
                // The prompt, then one token or two at a time.
                for count in [prompt, 1, 2, 1, 1, 2, 1] {
                    let run = Run { sequence: &mut sequence, tokens: &tokens[position..][..count], long: false };
                    forward.layers(&mut [run], &mut workspace, None).expect("finite");
                    position += count;
                    let mut logits = Vec::new();
                    forward.logits(&mut workspace, &[count - 1], &mut logits).expect("finite");
                    assert!(bits(&logits) == expected[position - 1], "{} {threads} {position}", isa.name());
                }
            }
        }
    }
}

#[test]
fn sequences_in_one_batch_do_not_touch_each_other() {
    let tensors = Arc::new(RandomTensors::new(elaborate(2), 0x1357_9bdf));
    let mut random = Random(5);
    let texts: Vec<Vec<u32>> =
        (0..7).map(|text| (0..20 + 17 * text).map(|_| (random.next() % 100) as u32).collect()).collect();
    let expected: Vec<Vec<Vec<u32>>> =
        texts.iter().map(|text| reference(&tensors, text).iter().map(|row| bits(row)).collect()).collect();
    let network = Network::new(tensors).expect("a network");
    for isa in Isa::available() {
        let pool = ThreadPool::new(2).expect("threads");
        let forward = Forward { isa, pool: &pool, network: &network };
        let mut workspace = Workspace::default();
        let mut sequences: Vec<Sequence> = texts.iter().map(|_| Sequence::new(forward.cache_shape())).collect();
        let mut fed = vec![0; texts.len()];
        // Every pass gives each text one to nine tokens, whatever position it is at.
        let mut order = Random(3);
        while fed.iter().zip(&texts).any(|(fed, text)| *fed < text.len()) {
            let mut runs = Vec::new();
            let mut places = Vec::new();
            for ((text, sequence), fed) in texts.iter().zip(&mut sequences).zip(&mut fed) {
                let count = (1 + order.next() as usize % 9).min(text.len() - *fed);
                if count > 0 {
                    runs.push(Run { sequence, tokens: &text[*fed..*fed + count], long: false });
                }
                places.push((*fed, count));
                *fed += count;
            }
            forward.layers(&mut runs, &mut workspace, None).expect("finite");
            let rows: Vec<usize> = (0..places.iter().map(|(_, count)| count).sum()).collect();
            let mut logits = Vec::new();
            forward.logits(&mut workspace, &rows, &mut logits).expect("finite");
            let mut found = logits.chunks_exact(100);
            for (text, (from, count)) in places.into_iter().enumerate() {
                for (position, expected) in (from..).zip(&expected[text][from..from + count]) {
                    let row = found.next().expect("a row");
                    assert!(bits(row) == *expected, "{} {text} {position}", isa.name());
                }
            }
        }
    }
}

#[test]
fn a_matrix_of_another_shape_is_named() {
    let mut tensors = RandomTensors::new(decoder(1), 1);
    tensors.matrices.remove(&TensorName::Layer(0, LayerTensor::Up));
    let error = Network::new(Arc::new(tensors)).err().expect("refused");
    assert!(error.contains("Up"), "{error}");
    let wider = Decoder { ffn_size: 192, ..decoder(2) };
    let network = Network::new(Arc::new(RandomTensors::new(wider, 1))).expect("a network");
    let error = network.with_adapter(adapter(&decoder(2))).err().expect("refused");
    assert!(error.contains("layer.0.up is 160x96 in the adapter, 192x96 in the model"), "{error}");
}
