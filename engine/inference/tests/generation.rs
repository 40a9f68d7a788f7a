//! Generation and check on the built-in model.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use strike_inference::{CheckOutcome, Control, GenerateError, GenerateRequest, Generation, Model, Sampler, StopReason};

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| Arc::new(Model::builtin().expect("the built-in model loads")));

const SAMPLED: Sampler =
    Sampler { temperature_milli: 900, min_p_milli: 50, repetition_penalty_milli: 1100, repetition_window: 32 };

fn request(prompt: &str, max_tokens: u32) -> GenerateRequest {
    GenerateRequest { prompt: prompt.as_bytes().to_vec(), max_tokens, sampler: SAMPLED, seed: [1; 32], stop: vec![] }
}

fn generate(request: &GenerateRequest) -> Generation {
    let mut streamed = String::new();
    let generation = MODEL
        .generate(request, &Control::default(), &mut |event| streamed.push_str(&event.text))
        .expect("the request is valid");
    assert_eq!(streamed, generation.text, "the streamed pieces are the text");
    generation
}

fn check(request: &GenerateRequest, claimed: &[u32]) -> CheckOutcome {
    MODEL.check(request, claimed, &Control::default()).expect("the request is valid")
}

#[test]
fn the_seed_alone_decides_the_text() {
    let request = request("Once upon a time", 60);
    let first = generate(&request);
    assert_eq!(first, generate(&request));
    let others: Vec<_> =
        (2..8).map(|seed| generate(&GenerateRequest { seed: [seed; 32], ..request.clone() }).text).collect();
    assert!(others.iter().any(|text| *text != first.text));
}

#[test]
fn an_honest_claim_matches_with_the_counts() {
    for (prompt, max_tokens) in
        [("Tell me about the harbour.", 40), ("Question: Who bakes the bread? Answer:", 200), ("", 100)]
    {
        for sampler in [SAMPLED, Sampler::GREEDY] {
            let request = GenerateRequest { sampler, ..request(prompt, max_tokens) };
            let made = generate(&request);
            let expected = CheckOutcome::Match {
                prompt_tokens: made.prompt_tokens.len() as u32,
                output_tokens: made.tokens.len() as u32,
                stop: made.stop,
            };
            assert_eq!(check(&request, &made.tokens), expected);
        }
    }
}

#[test]
fn a_wrong_claim_is_found_at_its_first_difference() {
    let request = request("One spring morning, Anna", 100);
    let made = generate(&request);
    for position in [0, 1, made.tokens.len() / 2, made.tokens.len() - 1] {
        let mut claimed = made.tokens.clone();
        claimed[position] = (claimed[position] + 1) % MODEL.info().vocab_size as u32;
        let expected = CheckOutcome::Mismatch {
            position: position as u32,
            expected: Some(made.tokens[position]),
            claimed: Some(claimed[position]),
        };
        assert_eq!(check(&request, &claimed), expected);
    }
}

#[test]
fn a_claim_of_another_length_does_not_match() {
    let request = request("One spring morning, Anna", 30);
    let made = generate(&request);
    let (last, short) = made.tokens.split_last().expect("tokens were generated");
    let position = short.len() as u32;
    assert_eq!(check(&request, short), CheckOutcome::Mismatch { position, expected: Some(*last), claimed: None });
    let mut long = made.tokens.clone();
    long.push(7);
    assert_eq!(
        check(&request, &long),
        CheckOutcome::Mismatch { position: position + 1, expected: None, claimed: Some(7) }
    );
    assert_eq!(
        check(&request, &[]),
        CheckOutcome::Mismatch { position: 0, expected: Some(made.tokens[0]), claimed: None }
    );
}

#[test]
fn a_claim_longer_than_the_context_does_not_match() {
    let request = GenerateRequest { sampler: Sampler::GREEDY, ..request("Hello", u32::MAX) };
    assert!(!check(&request, &vec![5; 5000]).is_match());
}

#[test]
fn threads_do_not_change_the_tokens() {
    let request = request("Tell me a story about a fox.", 80);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool starts");
        pool.install(|| {
            let made = generate(&request);
            assert!(check(&request, &made.tokens).is_match());
            made
        })
    };
    let one = with_threads(1);
    assert_eq!(one, with_threads(2));
    assert_eq!(one, with_threads(3));
}

#[test]
fn a_long_prompt_read_at_once_continues_like_one_generated_token_by_token() {
    // The prompt of the second request is what the first one generated, in one piece.
    let first = GenerateRequest { sampler: Sampler::GREEDY, ..request("Once upon a time", 120) };
    let made = generate(&first);
    let cut = made.tokens.len() / 2;
    let mut text = String::from("Once upon a time");
    text.push_str(&MODEL.detokenize(&made.tokens[..cut]).expect("tokens decode"));
    let prompt = MODEL.tokenize(&text).expect("text encodes");
    // Where the text splits into other tokens there is nothing to compare.
    if prompt.ends_with(&made.tokens[..cut]) {
        let second = generate(&GenerateRequest {
            prompt: text.into_bytes(),
            max_tokens: (made.tokens.len() - cut) as u32,
            ..first
        });
        assert_eq!(second.tokens, made.tokens[cut..]);
    }
}

#[test]
fn a_stop_sequence_ends_the_output_and_is_not_in_the_text() {
    let free = GenerateRequest { sampler: Sampler::GREEDY, ..request("Tell me about the mill.", 40) };
    let made = generate(&free);
    let stop = made.tokens[5..8].to_vec();
    let request = GenerateRequest { stop: vec![vec![1000, 1001], stop.clone()], ..free };
    let stopped = generate(&request);
    assert_eq!(stopped.stop, StopReason::StopSequence);
    assert!(stopped.tokens.ends_with(&stop));
    assert!(made.tokens.starts_with(&stopped.tokens));
    let shown = &stopped.tokens[..stopped.tokens.len() - stop.len()];
    assert_eq!(stopped.text, MODEL.detokenize(shown).expect("tokens decode"));
    assert!(check(&request, &stopped.tokens).is_match());
    assert!(!check(&request, &made.tokens).is_match());
}

#[test]
fn limits_end_the_output() {
    let none = generate(&request("Hello", 0));
    assert_eq!((none.tokens.len(), none.stop), (0, StopReason::MaxTokens));
    assert!(check(&request("Hello", 0), &[]).is_match());
    let three = generate(&request("Once upon a time", 3));
    assert_eq!((three.tokens.len(), three.stop), (3, StopReason::MaxTokens));
}

#[test]
fn the_context_is_a_limit() {
    let context = MODEL.info().context_length;
    // Each word of this prompt is a token of its own, and the tokenizer adds one in front.
    let fitting = |words: usize| request(&" the".repeat(words), 1_000_000);
    assert_eq!(MODEL.tokenize(&" the".repeat(10)).expect("text encodes").len(), 11);
    let full = generate(&fitting(context - 1));
    assert_eq!((full.tokens.len(), full.stop), (0, StopReason::ContextFull));
    let nearly = fitting(context - 3);
    let made = generate(&nearly);
    assert!(made.tokens.len() <= 2);
    assert!(check(&nearly, &made.tokens).is_match());
    match MODEL.generate(&fitting(context), &Control::default(), &mut |_| {}) {
        Err(GenerateError::PromptTooLong { prompt_tokens, context_length }) => {
            assert_eq!((prompt_tokens, context_length), (context + 1, context));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn cancelling_stops_at_the_next_token() {
    let control = Control::default();
    let mut seen = 0;
    let result = MODEL.generate(&request("Once upon a time", 400), &control, &mut |_| {
        seen += 1;
        if seen == 3 {
            control.cancel();
        }
    });
    assert!(matches!(result, Err(GenerateError::Cancelled)));
    assert_eq!(seen, 3);
    assert!(matches!(MODEL.check(&request("Hello", 5), &[5; 5], &control), Err(GenerateError::Cancelled)));
}

#[test]
fn a_deadline_stops() {
    let past = Control::with_deadline(Instant::now());
    assert!(matches!(MODEL.generate(&request("Hello", 5), &past, &mut |_| {}), Err(GenerateError::DeadlinePassed)));
    let mut soon = Control::with_deadline(Instant::now() + Duration::from_secs(3600));
    assert!(MODEL.generate(&request("Hello", 5), &soon, &mut |_| {}).is_ok());
    soon.deadline = Some(Instant::now());
    assert!(matches!(MODEL.check(&request("Hello", 5), &[5], &soon), Err(GenerateError::DeadlinePassed)));
}

#[test]
fn bad_requests_are_named() {
    let refuse = |request: GenerateRequest| {
        let error = MODEL.generate(&request, &Control::default(), &mut |_| {}).expect_err("the request is refused");
        assert!(MODEL.check(&request, &[], &Control::default()).is_err());
        error
    };
    let base = request("Hello", 5);
    let with = |sampler| GenerateRequest { sampler, ..base.clone() };
    assert!(matches!(
        refuse(GenerateRequest { prompt: b"ab\xFFc".to_vec(), ..base.clone() }),
        GenerateError::PromptNotUtf8 { valid_up_to: 2 }
    ));
    assert!(matches!(
        refuse(GenerateRequest { prompt: vec![b'a'; (1 << 20) + 1], ..base.clone() }),
        GenerateError::PromptTooLarge { .. }
    ));
    for (sampler, named) in [
        (Sampler { repetition_penalty_milli: 0, ..SAMPLED }, "repetition_penalty_milli"),
        (Sampler { repetition_window: 65, ..SAMPLED }, "repetition_window"),
        (Sampler { min_p_milli: 1001, ..SAMPLED }, "min_p_milli"),
    ] {
        assert!(matches!(refuse(with(sampler)), GenerateError::InvalidSampler { field, .. } if field == named));
    }
    for stop in [vec![vec![]], vec![vec![1024]], vec![vec![1]; 17], vec![vec![1; 65]]] {
        assert!(matches!(refuse(GenerateRequest { stop, ..base.clone() }), GenerateError::InvalidStop { .. }));
    }
    assert!(matches!(
        MODEL.check(&base, &[3, 1024], &Control::default()),
        Err(GenerateError::ClaimOutOfRange { id: 1024, position: 1, vocab_size: 1024 })
    ));
}

#[test]
fn text_survives_the_tokenizer() {
    for text in ["The boats leave at dawn.", "naïve façade – 日本語 🦊", "", "\n\n  two  spaces\t", "\u{0}"] {
        let tokens = MODEL.tokenize(text).expect("text encodes");
        assert_eq!(MODEL.detokenize(&tokens).expect("tokens decode"), text);
    }
}

#[test]
fn the_model_is_shared_between_threads() {
    let request = request("Tell me about Marta.", 30);
    let expected = generate(&request);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(generate(&request), expected));
        }
    });
}
