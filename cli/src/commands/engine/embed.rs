//! `strike engine embed`.

use super::{
    session::Session,
    start::start_with,
    words::{failed, unreadable},
};
use crate::{args::EngineArgs, error::Result, output};
use std::path::Path;
use strike_inference::exact::ExactEncoder;

/// Texts embedded together; bounds the memory of the results, not their bits.
const TEXTS: usize = 1024;

pub fn run(file: &Path, args: &EngineArgs, session: &Session, json: bool) -> Result<()> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let (engine, encoder) = start_with(args, session, |options| ExactEncoder::open(Path::new(&args.model), options))?;
    let lines: Vec<&str> = text.lines().collect();
    for lines in lines.chunks(TEXTS) {
        for vector in engine.embed_texts(&encoder, lines, &session.control).map_err(failed)? {
            if json {
                output::json(&vector)?;
            } else {
                let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
                output::line(numbers.join(" "));
            }
        }
    }
    Ok(())
}
