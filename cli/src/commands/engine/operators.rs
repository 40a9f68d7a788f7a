//! `strike engine operators`.

use super::{
    saved,
    session::Session,
    start::start,
    words::{failed, hex_hash, unreadable},
};
use crate::{
    args::GeneratorArgs,
    error::{Error, Result},
    output,
};
use std::path::Path;
use strike_inference::exact::{Number, Operator, Operators};

pub fn run(
    folder: &Path,
    (position, layer): (usize, usize),
    args: &GeneratorArgs,
    session: &Session,
    json: bool,
) -> Result<()> {
    let saved = saved::read(folder)?;
    let (engine, model) = start(args, session)?;
    if saved.model_root != model.model_root() {
        let (found, expected) = (hex_hash(&model.model_root()), hex_hash(&saved.model_root));
        return Err(Error::new(
            "ModelDiffers",
            format!("the model is {found}, the generation was made with {expected}"),
        )
        .hint("give the model that `generate` had with --model"));
    }
    let (job, tokens) = (&saved.job, &saved.claim.tokens);
    let record = engine.operators(&model, job, tokens, position, layer, &session.control).map_err(failed)?;
    if json {
        return output::json(&record);
    }
    if let Some(cell) = record.cell() {
        output::line(format!("position {position}, layer {layer}, cell {}", hex_hash(&cell)));
    }
    for operator in &record.outputs {
        let width = operator.rows.first().map_or(0, Vec::len);
        let first = operator.rows.iter().flatten().take(4).map(|bits| number(operator.operator, *bits));
        let first: Vec<String> = first.collect();
        output::line(format!("{}: {} x {width}: {} ...", operator.operator, operator.rows.len(), first.join(" ")));
    }
    Ok(())
}

/// Reads what `operators --json` wrote.
pub fn read(path: &Path) -> Result<Operators> {
    let contents = saved::bytes(path, saved::JSON_LIMIT).map_err(|error| unreadable(path, &error))?;
    serde_json::from_slice(&contents).map_err(|error| {
        Error::new("FileMalformed", format!("{}: {error}", path.display()))
            .hint("the file is written by `strike engine operators --json`")
    })
}

/// The bits of a number, and what they mean.
pub fn number(operator: Operator, bits: u32) -> String {
    match operator.number() {
        Number::F32 => format!("0x{bits:08x} ({:e})", f32::from_bits(bits)),
        Number::F16 => format!("0x{bits:04x}"),
        Number::I8 => format!("{}", bits as u8 as i8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_what_they_are() {
        assert_eq!(number(Operator::Scores, 0x3f80_0000), "0x3f800000 (1e0)");
        assert_eq!(number(Operator::CachedKey, 0x3c00), "0x3c00");
        assert_eq!(number(Operator::HeadsQ, 0x81), "-127");
    }

    #[test]
    fn a_file_that_is_no_record_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        assert_eq!(read(&path).unwrap_err().name, "FileUnreadable");
        std::fs::write(&path, r#"{"position":0,"layer":0,"outputs":[{"operator":"nothing","rows":[]}]}"#).unwrap();
        assert_eq!(read(&path).unwrap_err().name, "FileMalformed");
        std::fs::write(&path, r#"{"position":1,"layer":2,"outputs":[{"operator":"heads_q","rows":[[7]]}]}"#).unwrap();
        let record = read(&path).unwrap();
        assert_eq!((record.position, record.layer, record.outputs[0].operator), (1, 2, Operator::HeadsQ));
    }
}
