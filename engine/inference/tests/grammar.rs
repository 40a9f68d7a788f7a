//! Output that satisfies a JSON schema: always, in the same bits everywhere, and checked.

use serde_json::{json, Value};
use strike_inference::exact::{
    Batch, CacheUse, Claim, Divergence, Engine, ExactGeneration, ExactModel, Job, JobError, OpenOptions, Sampler, Stop,
    Trace, Verification, MAX_SCHEMA_BYTES,
};
use strike_inference::{Control, Isa};

/// A trained model, and one of random weights with several end tokens.
fn models() -> [ExactModel; 2] {
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    let random = ExactModel::open(&crate::fixtures::folder("llama3"), &options).expect("a model");
    [ExactModel::builtin().expect("the built-in model"), random]
}

/// Everything in it is bounded, and without white space it ends.
fn person() -> Value {
    json!({
        "x-guidance": {"whitespace_flexible": false},
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 6},
            "age": {"type": "integer", "minimum": 0, "maximum": 99},
            "kind": {"enum": ["baker", "fisher"]},
            "awake": {"type": "boolean"},
            "visits": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 7}, "maxItems": 3},
        },
        "required": ["name", "age", "kind", "awake", "visits"],
        "additionalProperties": false,
    })
}

fn assert_person(text: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let fields = value.as_object().expect("an object");
    assert_eq!(fields.len(), 5, "{text}");
    assert!(fields["name"].as_str().expect("a name").chars().count() <= 6, "{text}");
    assert!(fields["age"].as_u64().expect("an age") <= 99, "{text}");
    assert!(["baker", "fisher"].contains(&fields["kind"].as_str().expect("a kind")), "{text}");
    assert!(fields["awake"].is_boolean(), "{text}");
    let visits = fields["visits"].as_array().expect("visits");
    assert!(visits.len() <= 3 && visits.iter().all(|day| (1..=7).contains(&day.as_u64().expect("a day"))), "{text}");
}

fn job(model: &ExactModel, schema: Option<&Value>, seed: u8) -> Job {
    let sampler =
        Sampler { temperature_milli: 1200, min_p_milli: 0, repetition_penalty_milli: 1100, repetition_window: 32 };
    let prompt = model.prompt("The fisher said").expect("a prompt");
    let json_schema = schema.map(Value::to_string);
    Job { prompt, max_tokens: 150, sampler, seed: [seed; 32], stop: Vec::new(), json_schema }
}

fn generate(engine: &Engine, model: &ExactModel, job: &Job) -> ExactGeneration {
    engine.generate(model, job, true, &Control::default(), |_, _| {}).expect("a generation")
}

fn text(model: &ExactModel, generation: &ExactGeneration) -> String {
    model.tokenizer().decode(&generation.tokens, true).expect("a text")
}

fn claim(generation: &ExactGeneration) -> Claim {
    let trace_root = generation.trace.as_ref().map(Trace::root);
    Claim { tokens: generation.tokens.clone(), stop: generation.stop, trace_root }
}

fn verify(engine: &Engine, model: &ExactModel, job: &Job, claim: &Claim, trace: Option<&Trace>) -> Verification {
    engine.verify(model, job, claim, trace, &Control::default()).expect("a check")
}

#[test]
fn outputs_satisfy_the_schema_and_are_valid() {
    let (maker, validator) = (Engine::with_isa(1, Isa::Scalar).expect("an engine"), Engine::new(2).expect("an engine"));
    for model in models() {
        for seed in 0..6 {
            let mut job = job(&model, Some(&person()), seed);
            if seed % 4 == 0 {
                job.sampler = Sampler::GREEDY;
            }
            let generation = generate(&maker, &model, &job);
            assert_eq!(generation.stop, Stop::GrammarComplete, "{}", text(&model, &generation));
            assert_person(&text(&model, &generation));
            assert_eq!(generate(&validator, &model, &job), generation);
            let trace = generation.trace.as_ref().expect("a trace");
            let expected = Verification::Valid { trace_root: trace.root() };
            assert_eq!(verify(&validator, &model, &job, &claim(&generation), Some(trace)), expected);
            assert_eq!(verify(&validator, &model, &job, &claim(&generation), None), expected);
        }
    }
}

#[test]
fn end_tokens_come_only_where_the_output_satisfies_the_schema() {
    let engine = Engine::new(2).expect("an engine");
    let mut ended = 0;
    for model in models() {
        for seed in 0..8 {
            // White space may go on for ever, numbers may end at each digit.
            let schema = json!({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2});
            let generation = generate(&engine, &model, &Job { max_tokens: 40, ..job(&model, Some(&schema), seed) });
            let found = serde_json::from_str::<Vec<Value>>(&text(&model, &generation));
            match generation.stop {
                Stop::EndOfText | Stop::GrammarComplete => {
                    ended += 1;
                    assert!((1..=2).contains(&found.expect("an array").len()));
                }
                Stop::MaxTokens => assert_eq!(generation.tokens.len(), 40),
                other => panic!("{other:?}"),
            }
            let number = json!({"type": "integer", "minimum": 0});
            let generation = generate(&engine, &model, &Job { max_tokens: 20, ..job(&model, Some(&number), seed) });
            let text = text(&model, &generation);
            assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
        }
    }
    assert!(ended > 0);
}

#[test]
fn special_tokens_are_no_text() {
    let engine = Engine::new(2).expect("an engine");
    for model in models() {
        let schema = json!({"type": "string", "minLength": 60, "maxLength": 60});
        for seed in 0..4 {
            let generation = generate(&engine, &model, &job(&model, Some(&schema), seed));
            let inner = generation.tokens.iter().filter(|id| !model.special_tokens().eos.contains(id));
            assert!(inner.into_iter().all(|id| !model.tokenizer().is_special_id(*id)));
        }
    }
}

#[test]
fn jobs_with_and_without_schemas_share_a_batch() {
    let engine = Engine::new(2).expect("an engine");
    let [_, model] = models();
    let other = json!({"enum": ["one", "two", "three"]});
    let schemas = [Some(person()), None, Some(other), Some(person())];
    let jobs: Vec<Job> = (0..12).map(|at| job(&model, schemas[usize::from(at) % schemas.len()].as_ref(), at)).collect();
    let alone: Vec<ExactGeneration> = jobs.iter().map(|job| generate(&engine, &model, job)).collect();
    let mut batch = Batch::new(&engine, &model);
    let (mut next, mut finished) = (0, 0);
    while next < jobs.len() || !batch.is_empty() {
        // One joins with every step.
        if let Some(job) = jobs.get(next) {
            batch.admit(job.clone(), true).expect("a job");
            next += 1;
        }
        for event in batch.step().expect("a step") {
            if let Some(generation) = event.finished {
                assert_eq!(generation.expect("a generation"), alone[event.id as usize]);
                finished += 1;
            }
        }
    }
    assert_eq!(finished, jobs.len());
}

#[test]
fn what_the_grammar_does_not_let_pass_is_found() {
    let engine = Engine::new(2).expect("an engine");
    let [model, _] = models();
    let job = job(&model, Some(&person()), 3);
    let truth = generate(&engine, &model, &job);
    let found = |claim: &Claim| match verify(&engine, &model, &job, claim, None) {
        Verification::Diverged(divergence) => divergence,
        Verification::Valid { .. } => panic!("a lie was taken for the truth"),
    };
    let honest = Claim { trace_root: None, ..claim(&truth) };
    let letter = model.tokenizer().encode("the", false).expect("tokens")[0];
    for index in 0..truth.tokens.len() {
        let mut lie = honest.clone();
        lie.tokens[index] = if lie.tokens[index] == letter { letter + 1 } else { letter };
        let (expected, claimed) = (Some(truth.tokens[index]), Some(lie.tokens[index]));
        assert_eq!(found(&lie), Divergence::Token { index, expected, claimed });
    }
    // Made without the schema.
    let free = Job { json_schema: None, ..job.clone() };
    let other = generate(&engine, &model, &free);
    assert!(matches!(found(&Claim { trace_root: None, ..claim(&other) }), Divergence::Token { .. }));
    // Of another schema.
    let mut schema = person();
    schema["properties"]["age"]["maximum"] = 5.into();
    let other = generate(&engine, &model, &Job { json_schema: Some(schema.to_string()), ..job.clone() });
    if other.tokens != truth.tokens {
        assert!(matches!(found(&Claim { trace_root: None, ..claim(&other) }), Divergence::Token { .. }));
    }
    // Another end.
    let expected = Stop::GrammarComplete;
    assert_eq!(found(&Claim { stop: Stop::MaxTokens, ..honest.clone() }), Divergence::Stop { expected });
    let mut longer = honest.clone();
    longer.tokens.push(letter);
    let (index, claimed) = (truth.tokens.len(), Some(letter));
    assert_eq!(found(&longer), Divergence::Token { index, expected: None, claimed });
    let mut shorter = honest;
    shorter.tokens.pop();
    let index = shorter.tokens.len();
    let expected = Some(truth.tokens[index]);
    assert_eq!(found(&shorter), Divergence::Token { index, expected, claimed: None });
}

#[test]
fn schemas_that_are_not_accepted_are_refused_before_the_job() {
    let engine = Engine::new(1).expect("an engine");
    let [model, _] = models();
    let deep = format!("{}{}", r#"{"items":"#.repeat(500), "}".repeat(500));
    let long = format!(r#"{{"title": "{}"}}"#, "x".repeat(MAX_SCHEMA_BYTES));
    for (schema, message) in [
        ("{", "EOF"),
        ("[]", "an object or a truth value"),
        (deep.as_str(), "recursion limit"),
        (long.as_str(), "65536"),
        (r#"{"type": "array", "minItems": 1000000000}"#, "minItems is 1000000000, at most 4096"),
        (r#"{"anyOf": [{"type": "string", "maxLength": 1e9}]}"#, "maxLength"),
        (r#"{"type": "integer", "minimum": 5, "maximum": 3}"#, ""),
        (r#"{"type": "integer", "minimum": "five"}"#, ""),
        (r#"{"type": "colour"}"#, ""),
        (r#"{"type": "string", "pattern": "("}"#, ""),
        (r##"{"$ref": "#/nowhere"}"##, ""),
        (r#"{"$ref": "https://example.org/schema.json"}"#, ""),
        ("false", ""),
    ] {
        let job = Job { json_schema: Some(schema.to_owned()), ..job(&model, None, 1) };
        let error = engine.generate(&model, &job, false, &Control::default(), |_, _| {}).expect_err(schema);
        assert!(matches!(&error, JobError::SchemaRefused(reason) if reason.contains(message)), "{error}: {schema}");
        let error = Batch::new(&engine, &model).admit(job, false).expect_err("refused");
        assert!(matches!(error, JobError::SchemaRefused(_)), "{error}");
    }
}
