//! The record of every cell against the engine's kernels, and what is said of records that are wrong.

use crate::control::Control;
use crate::exact::decoder::model::ExactModel;
use crate::exact::engine::Engine;
use crate::exact::error::JobError;
use crate::exact::generate::ExactGeneration;
use crate::exact::job::Job;
use crate::exact::operators::{Difference, Finding, Operator};
use crate::exact::tests::fixtures::{job, Random, Recipe};
use crate::isa::Isa;

fn generate(engine: &Engine, model: &ExactModel, job: &Job) -> ExactGeneration {
    engine.generate(model, job, true, &Control::default(), |_, _| {}).expect("a generation")
}

#[test]
fn the_record_of_every_cell_hashes_to_the_engines_cell() {
    let mut random = Random::new(40);
    for case in 0..6 {
        let recipe = Recipe::new(&mut random);
        let model = recipe.model();
        let mut job = job(&mut random, &recipe.decoder);
        if case == 0 {
            // Past the first tile of keys.
            let length = recipe.decoder.context_length.min(140);
            job.prompt = random.tokens(length, recipe.decoder.vocab_size);
        }
        for isa in [Isa::Scalar, Isa::best()] {
            let engine = Engine::with_isa(1, isa).expect("an engine");
            let generation = generate(&engine, &model, &job);
            let trace = generation.trace.as_ref().expect("a trace");
            for position in 0..trace.tokens().len() {
                let layer = random.below(trace.layers());
                let record = engine
                    .operators(&model, &job, &generation.tokens, position, layer, &Control::default())
                    .expect("a record");
                assert_eq!((record.position, record.layer), (position, layer));
                assert_eq!(record.cell(), Some(trace.cells(position)[layer]), "case {case} {position} {layer}");
                let shapes = Operator::shapes(&recipe.decoder, layer, position);
                assert_eq!(record.outputs.len(), shapes.len());
                for (output, (operator, rows, width)) in record.outputs.iter().zip(shapes) {
                    assert_eq!((output.operator, output.rows.len()), (operator, rows));
                    assert!(output.rows.iter().all(|row| row.len() == width), "{operator:?}");
                }
            }
        }
    }
}

#[test]
fn a_record_is_checked_from_the_outside_in() {
    let mut random = Random::new(41);
    let recipe = Recipe::new(&mut random);
    let (model, job) = (recipe.model(), job(&mut random, &recipe.decoder));
    let engine = Engine::with_isa(1, Isa::best()).expect("an engine");
    let generation = generate(&engine, &model, &job);
    let trace = generation.trace.as_ref().expect("a trace");
    let (position, layer) = (1, 1);
    let control = Control::default();
    let record = engine.operators(&model, &job, &generation.tokens, position, layer, &control).expect("a record");
    let check = |record: &crate::exact::operators::Operators, claimed: &[u8; 32]| {
        engine
            .check_operators(&model, &job, &generation.tokens, (position, layer), claimed, record, &control)
            .expect("a check")
    };
    let claimed = trace.cells(position)[layer];
    assert_eq!(check(&record, &claimed), Finding::Same);
    let read: crate::exact::operators::Operators =
        serde_json::from_slice(&serde_json::to_vec(&record).expect("JSON")).expect("a record");
    assert_eq!(read, record);
    // Of every operator, one number.
    for index in 0..record.outputs.len() {
        let mut other = record.clone();
        let output = &mut other.outputs[index];
        let (operator, row) = (output.operator, output.rows.len() - 1);
        let element = output.rows[row].len() / 2;
        let expected = output.rows[row][element];
        output.rows[row][element] ^= 1;
        let difference = Difference { row, element, expected, claimed: expected ^ 1 };
        let cell = other.cell().expect("a cell");
        let finding = check(&other, &cell);
        match operator {
            Operator::Input => assert_eq!(finding, Finding::Input(difference)),
            _ => assert_eq!(finding, Finding::Operator { operator, difference }),
        }
        if matches!(operator, Operator::CachedKey | Operator::CachedValue | Operator::Output) {
            assert_eq!(check(&other, &claimed), Finding::Contradiction { claimed, record: cell });
        } else {
            assert_eq!(cell, claimed);
        }
        let mut other = record.clone();
        other.outputs[index].rows[row].push(0);
        assert_eq!(check(&other, &claimed), Finding::Shape { operator: Some(operator) });
        let mut other = record.clone();
        other.outputs.remove(index);
        assert!(matches!(check(&other, &claimed), Finding::Shape { operator: Some(_) }), "{operator:?}");
        let mut other = record.clone();
        other.outputs.truncate(index);
        assert_eq!(check(&other, &claimed), Finding::Shape { operator: Some(operator) });
    }
    for (operator, bits) in [(Operator::CachedKey, 0x1_0000), (Operator::FfnNormQ, 0x100)] {
        let mut other = record.clone();
        let output = other.outputs.iter_mut().find(|output| output.operator == operator).expect("an operator");
        output.rows[0][0] += bits;
        assert_eq!(check(&other, &claimed), Finding::Shape { operator: Some(operator) });
    }
    let mut other = record.clone();
    other.outputs.push(record.outputs[3].clone());
    assert_eq!(check(&other, &claimed), Finding::Shape { operator: Some(record.outputs[3].operator) });
    let mut other = record.clone();
    other.position = 0;
    assert_eq!(check(&other, &claimed), Finding::Shape { operator: None });
}

#[test]
fn a_cell_that_is_not_there_is_refused() {
    let mut random = Random::new(42);
    let recipe = Recipe::new(&mut random);
    let (model, job) = (recipe.model(), job(&mut random, &recipe.decoder));
    let engine = Engine::with_isa(1, Isa::best()).expect("an engine");
    let layers = recipe.decoder.layers;
    for (position, layer) in [(job.prompt.len() + 2, 0), (0, layers), (usize::MAX, usize::MAX)] {
        let refused = engine.operators(&model, &job, &[1, 2], position, layer, &Control::default());
        assert!(matches!(refused, Err(JobError::NoSuchCell { .. })), "{position} {layer}");
    }
    let refused = engine.operators(&model, &job, &[u32::MAX], 0, 0, &Control::default());
    assert!(matches!(refused, Err(JobError::TokenOutOfRange { .. })));
}
