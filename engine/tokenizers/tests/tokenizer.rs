//! Tokenizers against what Python's `tokenizers` and `sentencepiece` make of the same files (`data/tokenizers`).

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{json, Value};
use strike_tokenizers::{GgufTokenizer, TextStream, Tokenizer, TokenizerError};

struct Fixture {
    name: &'static str,
    content: Value,
    tokenizer: Tokenizer,
    /// What is read from the GGUF form, for those that have one.
    from_gguf: Option<Tokenizer>,
}

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let files = [
        ("gpt2", include_str!("data/tokenizers/gpt2.json")),
        ("smollm", include_str!("data/tokenizers/smollm.json")),
        ("qwen2", include_str!("data/tokenizers/qwen2.json")),
        ("llama3", include_str!("data/tokenizers/llama3.json")),
        ("llama", include_str!("data/tokenizers/llama.json")),
        ("gemma", include_str!("data/tokenizers/gemma.json")),
        ("unigram", include_str!("data/tokenizers/unigram.json")),
        ("bert", include_str!("data/tokenizers/bert.json")),
    ];
    let made = files.into_iter().map(|(name, text)| {
        let content: Value = serde_json::from_str(text).expect("the fixture is JSON");
        let tokenizer = parse(&content["tokenizer"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let from_gguf = gguf(&content["gguf"]).map(|gguf| Tokenizer::from_gguf(&gguf).expect("the file is read"));
        Fixture { name, content, tokenizer, from_gguf }
    });
    made.collect()
});

fn parse(tokenizer: &Value) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::from_json(tokenizer.to_string().as_bytes(), 1000)
}

fn gguf(value: &Value) -> Option<GgufTokenizer> {
    fn list<T>(value: &Value, item: impl Fn(&Value) -> T) -> Option<Vec<T>> {
        Some(value.as_array()?.iter().map(item).collect())
    }
    let id = |field: &str| value[field].as_u64().map(|id| id as u32);
    let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(GgufTokenizer {
        model: value["model"].as_str()?.to_owned(),
        pre: value["pre"].as_str().map(str::to_owned),
        tokens: list(&value["tokens"], string)?,
        scores: list(&value["scores"], |score| score.as_f64().unwrap_or_default() as f32),
        token_types: list(&value["token_types"], |kind| kind.as_i64().unwrap_or_default() as i32),
        merges: list(&value["merges"], string),
        bos: id("bos"),
        eos: id("eos"),
        unk: id("unk"),
        pad: id("pad"),
        cls: id("cls"),
        sep: id("sep"),
        add_bos: None,
        add_eos: None,
        add_space_prefix: value["add_space_prefix"].as_bool(),
    })
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().expect("a list of ids").iter().map(|id| id.as_u64().expect("an id") as u32).collect()
}

/// What a stream gives for these tokens, piece by piece.
fn streamed(tokenizer: &Tokenizer, ids: &[u32], skip_special: bool) -> Vec<String> {
    let mut stream = TextStream::new(tokenizer, skip_special);
    let mut pieces: Vec<String> =
        ids.iter().map(|id| stream.push(tokenizer, *id).expect("the id is in the vocabulary")).collect();
    pieces.push(stream.finish());
    pieces
}

#[test]
fn tokens_and_text_are_those_of_the_python_package() {
    for Fixture { name, content, tokenizer, .. } in FIXTURES.iter() {
        for case in content["cases"].as_array().expect("cases") {
            let text = case["text"].as_str().expect("a text");
            let expected = ids(&case["ids"]);
            assert_eq!(tokenizer.encode(text, true).expect("text encodes"), expected, "{name}: {text:?}");
            assert_eq!(tokenizer.encode(text, false).expect("text encodes"), ids(&case["plain"]), "{name}: {text:?}");
            for (field, skip) in [("decoded", true), ("decoded_with_special", false)] {
                assert_eq!(tokenizer.decode(&expected, skip).expect("ids decode"), case[field], "{name}: {text:?}");
                assert_eq!(streamed(tokenizer, &expected, skip).concat(), case[field], "{name}: {text:?}");
            }
        }
    }
}

#[test]
fn gguf_files_give_the_tokens_of_their_json() {
    for Fixture { name, content, tokenizer, from_gguf } in FIXTURES.iter() {
        let Some(other) = from_gguf else { continue };
        for case in content["cases"].as_array().expect("cases") {
            let text = case["text"].as_str().expect("a text");
            let expected = ids(&case["ids"]);
            // A file of gpt2, smollm and qwen2 has nothing around a text, as their JSON.
            assert_eq!(other.encode(text, true).expect("text encodes"), expected, "{name}: {text:?}");
            assert_eq!(other.decode(&expected, true).expect("ids decode"), case["decoded"], "{name}: {text:?}");
        }
        assert_eq!(other.root(), tokenizer.root(), "{name}");
        assert_eq!(Some(other.vocab_size()), content["gguf"]["tokens"].as_array().map(Vec::len));
    }
}

#[test]
fn the_root_is_that_of_the_content_and_not_of_its_writing() {
    for Fixture { name, content, tokenizer, .. } in FIXTURES.iter() {
        let original = &content["tokenizer"];
        let mut same = original.clone();
        let fields = same.as_object_mut().expect("an object");
        fields.reverse_for_test();
        same["truncation"] = json!({"max_length": 3, "stride": 0, "strategy": "LongestFirst", "direction": "Right"});
        same["model"]["unheard_of"] = json!(1);
        let same =
            Tokenizer::from_json(&serde_json::to_vec_pretty(&same).expect("JSON"), 2000).expect("the same content");
        assert_eq!(same.root(), tokenizer.root(), "{name}");

        let mut other = original.clone();
        let last = other["model"]["vocab"].as_object().map(|entries| entries.keys().next_back().cloned());
        match last.flatten() {
            Some(token) => {
                let id = other["model"]["vocab"].as_object_mut().and_then(|entries| entries.remove(&token));
                other["model"]["vocab"]["something else"] = id.expect("the last token has an id");
                other["model"]["merges"] = json!([]);
            }
            None => other["model"]["vocab"][5][1] = json!(-1.5),
        }
        assert_ne!(parse(&other).expect("another tokenizer").root(), tokenizer.root(), "{name}");
    }
}

/// Reverses the order of keys, which must not matter.
trait ReverseForTest {
    fn reverse_for_test(&mut self);
}

impl ReverseForTest for serde_json::Map<String, Value> {
    fn reverse_for_test(&mut self) {
        let entries: Vec<_> = std::mem::take(self).into_iter().collect();
        self.extend(entries.into_iter().rev());
    }
}

#[test]
fn bytes_of_tokens_are_what_they_add_to_a_text() {
    for Fixture { name, tokenizer, .. } in FIXTURES.iter() {
        for id in 0..400 {
            let Some(bytes) = tokenizer.token_bytes(id) else { continue };
            // A first token that is left as it is, so that the one behind it is not the first.
            let before = tokenizer.encode("x", false).expect("text encodes");
            let start = tokenizer.decode(&before, false).expect("ids decode");
            let both: Vec<u32> = before.into_iter().chain([id]).collect();
            let text = tokenizer.decode(&both, false).expect("ids decode");
            let added = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(text, start + &added, "{name}: token {id}");
        }
        assert_eq!(tokenizer.token_bytes(999), None);
        assert_eq!(tokenizer.token_bytes(u32::MAX), None);
    }
}

#[test]
fn ids_outside_the_vocabulary_are_refused() {
    for Fixture { name, content, tokenizer, .. } in FIXTURES.iter() {
        let contents = content["tokenizer"].to_string();
        let few = Tokenizer::from_json(contents.as_bytes(), 100);
        assert!(matches!(few, Err(TokenizerError::TokenOutOfRange { vocab_size: 100, .. })), "{name}");
        let wrong = tokenizer.decode(&[1000], false);
        assert!(matches!(wrong, Err(TokenizerError::TokenOutOfRange { id: 1000, .. })), "{name}");
    }
}

#[test]
fn components_that_depend_on_chance_or_are_not_known_are_refused() {
    let Some(Fixture { content, .. }) = FIXTURES.first() else { return };
    for (path, value) in [
        ("/model/dropout", json!(0.1)),
        ("/model/dropout", json!("0")),
        ("/model/type", json!("WordLevel")),
        ("/model/continuing_subword_prefix", json!("##")),
        ("/normalizer", json!({"type": "Magic"})),
        ("/normalizer", json!("NFC")),
        (
            "/pre_tokenizer",
            json!({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": false}),
        ),
        ("/pre_tokenizer", json!({"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated", "invert": false})),
        ("/post_processor", json!({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}]})),
        ("/decoder", json!({"type": "CTC"})),
        ("/decoder", json!({"type": "Strip", "content": " ", "start": 1, "stop": 1})),
        ("/added_tokens", json!([{"id": 900, "content": "somewhere"}])),
        ("/added_tokens", json!([{"id": -1, "content": "x"}])),
        ("/added_tokens", json!({})),
    ] {
        let mut changed = content["tokenizer"].clone();
        let (parent, field) = path.rsplit_once('/').expect("a path");
        changed.pointer_mut(parent).expect("the parent")[field] = value;
        assert!(parse(&changed).is_err(), "{path} {}", changed.pointer(path).unwrap_or(&Value::Null));
    }
}

#[test]
fn an_expression_that_backtracks_without_end_is_cut_at_a_count_of_steps() {
    let Some(Fixture { content, .. }) = FIXTURES.first() else { return };
    let mut slow = content["tokenizer"].clone();
    slow["pre_tokenizer"] =
        json!({"type": "Split", "pattern": {"Regex": "(?:(?=a)a|(?=a)a)*b"}, "behavior": "Isolated", "invert": false});
    let tokenizer = parse(&slow).expect("the expression compiles");
    let text = "a".repeat(200);
    // The library leaves the rest of the text in one piece. The count does not depend on the machine.
    let tokens = tokenizer.encode(&text, false).expect("the text encodes");
    assert_eq!(tokenizer.decode(&tokens, false).expect("the tokens decode"), text);
}

#[test]
fn gguf_files_that_contradict_themselves_are_refused() {
    let find = |name: &str| {
        let fixture = FIXTURES.iter().find(|fixture| fixture.name == name).expect("the fixture");
        gguf(&fixture.content["gguf"]).expect("it has a GGUF form")
    };
    let refused = |change: &dyn Fn(&mut GgufTokenizer), name: &str| {
        let mut gguf = find(name);
        change(&mut gguf);
        Tokenizer::from_gguf(&gguf).expect_err("the file contradicts itself")
    };
    let error = refused(&|gguf| gguf.pre = Some("unheard-of".to_owned()), "gpt2");
    assert!(matches!(error, TokenizerError::UnknownPreTokenizer { name } if name == "unheard-of"));
    let error = refused(&|gguf| gguf.model = "t5".to_owned(), "gpt2");
    assert!(matches!(error, TokenizerError::Unsupported { .. }));
    let error = refused(&|gguf| gguf.bos = None, "llama3");
    assert!(matches!(error, TokenizerError::MissingToken { role: "begin-of-text" }));
    let error = refused(&|gguf| gguf.bos = Some(5000), "llama3");
    assert!(matches!(error, TokenizerError::TokenOutOfRange { id: 5000, .. }));
    refused(&|gguf| gguf.merges = None, "gpt2");
    refused(&|gguf| gguf.merges = Some(vec!["no-such token".to_owned()]), "gpt2");
    refused(&|gguf| gguf.scores = None, "llama");
    refused(&|gguf| gguf.scores = Some(vec![f32::NAN; gguf.tokens.len()]), "llama");
    refused(&|gguf| gguf.scores = Some(vec![0.0]), "llama");
    refused(&|gguf| gguf.token_types = Some(vec![1]), "llama");
    refused(&|gguf| gguf.tokens[300] = gguf.tokens[301].clone(), "llama");
    refused(&|gguf| gguf.tokens[300] = "x".repeat(2000), "llama");
}

#[test]
fn small_files_that_would_cost_much_memory_are_refused() {
    // Every beginning of the longest token is a token, and so is every end: half a million merges of 600 kB of tokens.
    let count = 1000;
    let tokenizer = GgufTokenizer {
        model: "llama".to_owned(),
        tokens: (1..=count).map(|length| "a".repeat(length)).collect(),
        scores: Some(vec![0.0; count]),
        bos: Some(0),
        unk: Some(0),
        ..GgufTokenizer::default()
    };
    let error = Tokenizer::from_gguf(&tokenizer).expect_err("the merges are too large");
    assert!(matches!(error, TokenizerError::TooLarge { what: "bytes of all merges", .. }), "{error}");

    let many = format!("[{}0]", "0,".repeat(strike_tokenizers::MAX_FILE_VALUES));
    let error = Tokenizer::from_json(many.as_bytes(), 1000).expect_err("the values are too many");
    assert!(matches!(error, TokenizerError::TooLarge { what: "values of the file", .. }), "{error}");
    // Commas in strings are no values.
    let text = format!(r#"{{"version": "{}\",\""}}"#, ",".repeat(strike_tokenizers::MAX_FILE_VALUES));
    let error = Tokenizer::from_json(text.as_bytes(), 1000).expect_err("it has no model");
    assert!(!matches!(error, TokenizerError::TooLarge { .. }), "{error}");
}

#[test]
fn truncated_files_are_refused() {
    for Fixture { name, content, .. } in FIXTURES.iter() {
        let whole = content["tokenizer"].to_string();
        let whole = whole.as_bytes();
        for length in (0..whole.len()).step_by(97) {
            assert!(Tokenizer::from_json(&whole[..length], 1000).is_err(), "{name}: {length}");
        }
    }
}

/// Texts with what tokenizers treat specially.
fn texts() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        4 => "[ a-zA-Z0-9.,'\n]{0,12}",
        2 => "\\PC{0,6}",
        1 => any::<String>(),
        1 => prop::sample::select(vec![
            "<s>", "</s>", "<|im_end|>", "<tool>", "[SEP]", "▁", "▁▁", "  ", "🦊", "é", "'ll", "日本", "<0x0A>", "\0",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(parts, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gguf_and_json_agree_on_any_text(texts in prop::collection::vec(texts(), 8)) {
        for Fixture { name, tokenizer, from_gguf, .. } in FIXTURES.iter() {
            let Some(other) = from_gguf else { continue };
            for text in &texts {
                let expected = tokenizer.encode(text, true).expect("text encodes");
                prop_assert_eq!(&other.encode(text, true).expect("text encodes"), &expected, "{}: {:?}", name, text);
                prop_assert_eq!(
                    other.decode(&expected, true).expect("ids decode"),
                    tokenizer.decode(&expected, true).expect("ids decode"),
                );
            }
        }
    }

    #[test]
    fn byte_tokenizers_give_every_text_back(texts in prop::collection::vec(texts(), 8)) {
        for Fixture { name, tokenizer, .. } in FIXTURES.iter() {
            if !["gpt2", "smollm", "llama3", "llama", "gemma"].contains(name) {
                continue;
            }
            for text in &texts {
                // SentencePiece writes its own space for spaces, and puts one before every part between special tokens.
                let lossy = text.contains('▁') || text.contains("<0x") || *name == "llama" && text.contains("s>");
                if lossy && ["llama", "gemma"].contains(name) {
                    continue;
                }
                let ids = tokenizer.encode(text, true).expect("text encodes");
                let special = ids.iter().skip(usize::from(ids.first() == Some(&1))).any(|id| tokenizer.is_special_id(*id));
                if !special {
                    prop_assert_eq!(&tokenizer.decode(&ids, true).expect("ids decode"), text, "{}", name);
                }
                for piece in streamed(tokenizer, &ids, false) {
                    prop_assert!(!piece.contains('\u{FFFD}') || text.contains('\u{FFFD}'), "{}: {:?}", name, text);
                }
            }
        }
    }

    #[test]
    fn streams_of_any_tokens_give_what_decode_gives(
        ids in prop::collection::vec(0..620_u32, 0..40), skip in any::<bool>(), cut in 0..40_usize,
    ) {
        for Fixture { name, tokenizer, .. } in FIXTURES.iter() {
            let whole = tokenizer.decode(&ids, skip).expect("ids decode");
            let pieces = streamed(tokenizer, &ids, skip);
            prop_assert_eq!(pieces.concat(), whole.clone(), "{}", name);
            // What was given out is never taken back.
            let given = pieces.iter().take(cut.min(ids.len())).map(String::as_str).collect::<String>();
            prop_assert!(whole.starts_with(&given), "{}", name);
        }
    }

    #[test]
    fn damaged_files_never_panic(
        which in 0..8_usize, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let Fixture { content, .. } = &FIXTURES[which];
        let mut bytes = content["tokenizer"].to_string().into_bytes();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(tokenizer) = Tokenizer::from_json(&bytes, 1000) {
            let ids = tokenizer.encode("The harbour, 20 Möwen\n", true).unwrap_or_default();
            let _ = tokenizer.decode(&ids, true);
        }
    }

    #[test]
    fn wrong_types_never_panic(which in 0..8_usize, at in any::<prop::sample::Index>(), kind in 0..7_usize) {
        let Fixture { content, .. } = &FIXTURES[which];
        let mut value = content["tokenizer"].clone();
        let mut paths = Vec::new();
        collect_paths(&value, String::new(), &mut paths);
        let path = at.get(&paths);
        let wrong = [json!(null), json!(-1), json!(1e300), json!("x"), json!([]), json!({}), json!(true)];
        *value.pointer_mut(path).expect("the path is in the value") = wrong[kind].clone();
        if let Ok(tokenizer) = parse(&value) {
            let ids = tokenizer.encode("The harbour, 20 Möwen\n", true).unwrap_or_default();
            let _ = tokenizer.decode(&ids, true);
        }
    }
}

/// Paths of all values but the many of vocabularies and merges.
fn collect_paths(value: &Value, path: String, out: &mut Vec<String>) {
    let mut walk = |key: String, inner: &Value| {
        let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
        out.push(path.clone());
        collect_paths(inner, path, out);
    };
    match value {
        Value::Object(fields) => fields.iter().take(12).for_each(|(key, inner)| walk(key.clone(), inner)),
        Value::Array(values) => values.iter().take(5).enumerate().for_each(|(at, inner)| walk(at.to_string(), inner)),
        _ => {}
    }
}
