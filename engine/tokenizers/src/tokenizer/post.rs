//! Post-processors: which tokens are added around a text.

use serde_json::Value;

use super::components::flatten;
use super::error::TokenizerError;

/// The most tokens that are added on one side.
const MAX_ADDED: usize = 16;

/// Ids put before and behind a text that is encoded with special tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Around {
    pub prefix: Vec<u32>,
    pub suffix: Vec<u32>,
}

impl Around {
    /// Of the post-processor of a `tokenizer.json`; pairs of texts are not encoded, so their template does not matter.
    pub fn parse(processor: &Value) -> Result<Self, TokenizerError> {
        let mut around = Self::default();
        for component in flatten("post_processor", processor, "processors")? {
            let refused = || TokenizerError::unsupported("post_processor", &component);
            let (prefix, suffix) = match component["type"].as_str().unwrap_or_default() {
                // It only moves offsets.
                "ByteLevel" => continue,
                "BertProcessing" | "RobertaProcessing" => {
                    let id = |field: &str| id(&component[field][1]).ok_or_else(refused);
                    (vec![id("cls")?], vec![id("sep")?])
                }
                "TemplateProcessing" => template(&component).ok_or_else(refused)?,
                _ => return Err(refused()),
            };
            // A later processor works on what an earlier one made.
            around.prefix.splice(..0, prefix);
            around.suffix.extend(suffix);
            if around.prefix.len() > MAX_ADDED || around.suffix.len() > MAX_ADDED {
                return Err(refused());
            }
        }
        Ok(around)
    }
}

fn template(component: &Value) -> Option<(Vec<u32>, Vec<u32>)> {
    let (mut prefix, mut suffix, mut texts) = (Vec::new(), Vec::new(), 0);
    for piece in component["single"].as_array()? {
        if let Some(sequence) = piece.get("Sequence") {
            (sequence["id"] == "A").then_some(())?;
            texts += 1;
            continue;
        }
        let name = piece["SpecialToken"]["id"].as_str()?;
        let ids = component["special_tokens"][name]["ids"].as_array()?;
        let side = if texts == 0 { &mut prefix } else { &mut suffix };
        for value in ids {
            side.push(id(value)?);
        }
    }
    (texts == 1).then_some((prefix, suffix))
}

fn id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_give_what_stands_around_the_text() {
        let special = |id: u32| json!({"id": "x", "ids": [id], "tokens": ["x"]});
        let template = json!({
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [],
            "special_tokens": {"[CLS]": special(2), "[SEP]": special(3)},
        });
        let expected = Around { prefix: vec![2], suffix: vec![3] };
        assert_eq!(Around::parse(&template).expect("a template"), expected);
        let bert = json!({"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]});
        assert_eq!(Around::parse(&bert).expect("a template"), expected);
        let byte_level = json!({"type": "ByteLevel", "trim_offsets": true});
        let both = json!({"type": "Sequence", "processors": [byte_level, template]});
        assert_eq!(Around::parse(&both).expect("a sequence"), expected);
        for hostile in [
            json!({"type": "TemplateProcessing", "single": [], "special_tokens": {}}),
            json!({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {}}),
            json!({"type": "BertProcessing", "cls": [2], "sep": ["[SEP]", -3]}),
        ] {
            assert!(Around::parse(&hostile).is_err(), "{hostile}");
        }
    }
}
