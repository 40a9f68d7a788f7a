//! A generation in a folder: `job.json`, `output.json` and `trace.bin`.

use super::words::{hex_hash, stop_name, unreadable};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use strike_inference::exact::{Claim, ExactGeneration, ExactModel, Job, Sampler, Stop, Trace, GRAMMAR_ENGINE};
use strike_primitives::artifact::output_root;

const JOB: &str = "job.json";
const OUTPUT: &str = "output.json";
const TRACE: &str = "trace.bin";
/// Far more than any trace of a context that fits into memory.
const TRACE_LIMIT: u64 = 4 << 30;
/// Job and output: two million tokens at ten bytes each. As JSON they cost a few times their length.
pub const JSON_LIMIT: u64 = 32 << 20;

#[derive(Serialize, Deserialize)]
struct SavedJob {
    model_root: String,
    /// The text that the tokens were made of; only for reading.
    prompt_text: String,
    prompt: Vec<u32>,
    max_tokens: u32,
    temperature_milli: u16,
    min_p_milli: u16,
    repetition_penalty_milli: u16,
    repetition_window: u8,
    seed: String,
    stop: Vec<Vec<u32>>,
    #[serde(default)]
    json_schema: Option<String>,
    /// What the schema means is what this made of it.
    #[serde(default)]
    grammar_engine: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct SavedOutput {
    tokens: Vec<u32>,
    stop: String,
    n_in: usize,
    n_out: usize,
    out_root: String,
    trace_root: Option<String>,
}

/// What a folder holds.
pub struct Saved {
    pub model_root: [u8; 32],
    pub job: Job,
    pub claim: Claim,
    pub out_root: [u8; 32],
    pub n_in: usize,
    pub n_out: usize,
    pub trace: Option<Trace>,
}

pub fn write(folder: &Path, model: &ExactModel, prompt: &str, job: &Job, generation: &ExactGeneration) -> Result<()> {
    let io = |path: &Path, result: std::io::Result<()>| {
        result.map_err(|error| Error::new("FileUnwritable", format!("{}: {error}", path.display())))
    };
    io(folder, std::fs::create_dir_all(folder))?;
    let put = |name: &str, bytes: Vec<u8>| {
        let path = folder.join(name);
        io(&path, std::fs::write(&path, bytes))
    };
    put(
        JOB,
        pretty(&SavedJob {
            model_root: hex_hash(&model.model_root()),
            prompt_text: prompt.to_owned(),
            prompt: job.prompt.clone(),
            max_tokens: job.max_tokens,
            temperature_milli: job.sampler.temperature_milli,
            min_p_milli: job.sampler.min_p_milli,
            repetition_penalty_milli: job.sampler.repetition_penalty_milli,
            repetition_window: job.sampler.repetition_window,
            seed: hex_hash(&job.seed),
            stop: job.stop.clone(),
            json_schema: job.json_schema.clone(),
            grammar_engine: job.json_schema.as_ref().map(|_| GRAMMAR_ENGINE.to_owned()),
        }),
    )?;
    put(
        OUTPUT,
        pretty(&SavedOutput {
            tokens: generation.tokens.clone(),
            stop: stop_name(generation.stop).to_owned(),
            n_in: job.prompt.len(),
            n_out: generation.tokens.len(),
            out_root: hex_hash(&output_root(&generation.tokens).0),
            trace_root: generation.trace.as_ref().map(|trace| hex_hash(&trace.root())),
        }),
    )?;
    match &generation.trace {
        Some(trace) => put(TRACE, trace.to_bytes()),
        None => Ok(()),
    }
}

/// Strings and numbers always serialize.
fn pretty(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

pub fn read(folder: &Path) -> Result<Saved> {
    let job: SavedJob = parse(folder, JOB)?;
    let output: SavedOutput = parse(folder, OUTPUT)?;
    let hash = |file: &str, field: &str, text: &str| {
        parse_hash(text).ok_or_else(|| malformed(folder, file, format!("{field} is no hash of 64 hex digits")))
    };
    let stop = [Stop::EndOfText, Stop::StopSequence, Stop::GrammarComplete, Stop::MaxTokens, Stop::ContextFull]
        .into_iter()
        .find(|stop| stop_name(*stop) == output.stop)
        .ok_or_else(|| malformed(folder, OUTPUT, format!("stop '{}' is not known", output.stop)))?;
    let engine = job.grammar_engine.as_deref().unwrap_or_default();
    if job.json_schema.is_some() && engine != GRAMMAR_ENGINE {
        let reason = format!("its JSON schema was made a grammar by '{engine}', this program has {GRAMMAR_ENGINE}");
        return Err(malformed(folder, JOB, reason));
    }
    let path = folder.join(TRACE);
    let trace = match bytes(&path, TRACE_LIMIT) {
        Ok(bytes) => Some(
            Trace::from_bytes(&bytes)
                .ok_or_else(|| malformed(folder, TRACE, "its length does not fit its counts".to_owned()))?,
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let trace_root = output.trace_root.as_deref().map(|root| hash(OUTPUT, "trace_root", root)).transpose()?;
    Ok(Saved {
        model_root: hash(JOB, "model_root", &job.model_root)?,
        job: Job {
            seed: hash(JOB, "seed", &job.seed)?,
            prompt: job.prompt,
            max_tokens: job.max_tokens,
            sampler: Sampler {
                temperature_milli: job.temperature_milli,
                min_p_milli: job.min_p_milli,
                repetition_penalty_milli: job.repetition_penalty_milli,
                repetition_window: job.repetition_window,
            },
            stop: job.stop,
            json_schema: job.json_schema,
        },
        out_root: hash(OUTPUT, "out_root", &output.out_root)?,
        n_in: output.n_in,
        n_out: output.n_out,
        claim: Claim { tokens: output.tokens, stop, trace_root },
        trace,
    })
}

/// 64 hex digits, with or without `0x`.
pub fn parse_hash(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()?.try_into().ok()
}

/// Contents of a file that somebody else may have written.
pub fn bytes(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let length = std::fs::metadata(path)?.len();
    if length > limit {
        return Err(std::io::Error::other(format!("{length} bytes, at most {limit} are read")));
    }
    std::fs::read(path)
}

fn parse<T: for<'a> Deserialize<'a>>(folder: &Path, file: &str) -> Result<T> {
    let path = folder.join(file);
    let contents = bytes(&path, JSON_LIMIT).map_err(|error| unreadable(&path, &error))?;
    serde_json::from_slice(&contents).map_err(|error| malformed(folder, file, error.to_string()))
}

fn malformed(folder: &Path, file: &str, reason: String) -> Error {
    Error::new("FileMalformed", format!("{}: {reason}", folder.join(file).display()))
        .hint("the folder is written by `strike engine generate --save`")
}
