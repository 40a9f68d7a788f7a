//! Other choices from the right logits.

use super::{claim, first_difference, hundred, Case};
use crate::exact::job::Job;
use crate::exact::verify::Divergence;

/// What a lie with the right numbers and another choice looks like.
fn other_choice(case: &Case, other: &Job) -> bool {
    let (claim, trace) = claim(&case.made(&case.model, other).expect("finite"));
    let Some(index) = first_difference(&case.truth.tokens, &claim.tokens) else {
        // The same tokens by chance: the claim is right, or the penalty shows in the largest logit alone.
        if case.is_the_truth(&claim, &trace) {
            return false;
        }
        assert!(matches!(case.found_without_a_record(&claim, &trace), Divergence::Last { .. }));
        return true;
    };
    let expected =
        Divergence::Token { index, expected: Some(case.truth.tokens[index]), claimed: Some(claim.tokens[index]) };
    let found = case.found_without_a_record(&claim, &trace);
    let penalized = other.sampler.repetition_penalty_milli != case.job.sampler.repetition_penalty_milli;
    match found {
        // Another penalty may show in the largest logit before it shows in a choice.
        Divergence::Last { position } if penalized => assert!(position < case.job.prompt.len() + index),
        found => assert_eq!(found, expected),
    }
    true
}

#[test]
fn another_seed() {
    hundred("another seed", 20, |case| {
        let mut case = case.sampled(|job| job.sampler.temperature_milli = 1000);
        let other = Job { seed: case.random.seed(), ..case.job.clone() };
        other_choice(&case, &other)
    });
}

#[test]
fn another_temperature() {
    hundred("another temperature", 21, |mut case| {
        let mut other = case.job.clone();
        other.sampler.temperature_milli = match other.sampler.temperature_milli {
            0 => 800,
            _ if case.random.once_in(3) => 0,
            temperature => temperature + case.random.within(1..=1500) as u16,
        };
        other_choice(&case, &other)
    });
}

#[test]
fn another_min_p() {
    hundred("another min-p", 22, |case| {
        let mut case = case.sampled(|job| job.sampler.temperature_milli = 1300);
        let mut other = case.job.clone();
        other.sampler.min_p_milli = case.random.one_of(&[0, 50, 200, 500, 1000]);
        other.sampler != case.job.sampler && other_choice(&case, &other)
    });
}

#[test]
fn another_penalty() {
    hundred("another penalty", 23, |case| {
        let case = case.sampled(|job| {
            job.sampler.repetition_penalty_milli = 1300;
            job.sampler.repetition_window = 64;
        });
        let mut other = case.job.clone();
        other.sampler.repetition_penalty_milli = 1000;
        other_choice(&case, &other)
    });
}

#[test]
fn an_output_kept_from_another_seed() {
    hundred("a kept output", 24, |case| {
        let mut case = case.sampled(|job| job.sampler.temperature_milli = 1000);
        let other = Job { seed: case.random.seed(), ..case.job.clone() };
        let kept = case.made(&case.model, &other).expect("finite");
        let Some(index) = first_difference(&case.truth.tokens, &kept.tokens) else { return false };
        // Under the trace of the right output.
        let (right, trace) = claim(&case.truth);
        let lie = crate::exact::verify::Claim { tokens: kept.tokens.clone(), stop: kept.stop, ..right };
        let found = case.found_without_a_record(&lie, &trace);
        let prompt = case.job.prompt.len();
        let token =
            Divergence::Token { index, expected: Some(case.truth.tokens[index]), claimed: Some(kept.tokens[index]) };
        if kept.tokens.len() != case.truth.tokens.len() {
            assert_eq!(found, Divergence::TraceShape);
        } else if index + 1 < kept.tokens.len() {
            assert_eq!(found, Divergence::TraceToken { position: prompt + index });
        } else {
            // The trace ends before the last token: it shows the right choice, and the claim another.
            assert_eq!(found, token);
        }
        // Under its own.
        let (lie, trace) = claim(&kept);
        assert_eq!(case.found_without_a_record(&lie, &trace), token);
        true
    });
}
