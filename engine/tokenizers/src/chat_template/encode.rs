//! Conversations as tokens, in which what somebody says cannot pass for a token that steers the model.
//!
//! A template writes control tokens such as `<|im_end|>` as text, and a message may hold the same text. So the conversation is
//! rendered once more with stand-ins for the characters with which control tokens begin in the messages. If the template writes
//! the same text but for them, a control token that is still recognised is the template's own; all others are encoded as text.

use std::collections::{BTreeMap, BTreeSet};

use strike_models::SpecialTokens;

use crate::tokenizer::control::Found;
use crate::tokenizer::encode::Tokenizer;

use super::{ChatTemplate, ChatTemplateError, Message};

/// Stand-ins are the characters of Supplementary Private Use Area-A from its first on.
const FIRST_STAND_IN: u32 = 0xf_0000;
/// Control tokens that may overlap each other in a message.
const OVERLAPS: usize = 16;

impl ChatTemplate {
    /// The tokens of a conversation. `add_generation_prompt` begins the model's turn behind it. The tokenizer's own
    /// begin-of-text token is not added: templates write it.
    ///
    /// Control tokens (those that the tokenizer calls special, and the model's begin and end tokens) come from the template
    /// alone: their text in a message, or in a role, is encoded as the text that it is. Where that cannot be told
    /// apart, because the template writes something else when such text is disguised, the conversation is refused.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        special: &SpecialTokens,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<Vec<u32>, ChatTemplateError> {
        let ends: Vec<u32> = special.eos.iter().chain(&special.bos).copied().collect();
        let disguise = Disguise::new(tokenizer, tokenizer.control_tokens(&ends));
        let text = self.render(messages, add_generation_prompt)?;
        let said = messages.iter().flat_map(|message| [&message.role, &message.content]);
        if said.chain([&text]).any(|text| disguise.occurs_in(text)) {
            return Err(ChatTemplateError::StandIn);
        }
        for every in [true, false] {
            let put_on = |text: &String| match every {
                true => Ok(disguise.every_first_character(text)),
                false => disguise.whole_tokens(text),
            };
            let hidden = messages
                .iter()
                .map(|message| Ok(Message { role: put_on(&message.role)?, content: put_on(&message.content)? }));
            let hidden: Vec<Message> = hidden.collect::<Result<_, ChatTemplateError>>()?;
            // A template that looks into messages may refuse disguised ones, or write something else.
            let Ok(rendered) = self.render(&hidden, add_generation_prompt) else { continue };
            let (revealed, genuine) = disguise.take_off(&rendered)?;
            if revealed == text {
                let ids = tokenizer.encode_controlled(&text, &genuine, &disguise.controls)?;
                // Whatever a vocabulary makes of the text: no control token beyond those of the template. Text may become the
                // unknown token anywhere.
                let steers = |id: &u32| disguise.controls.contains_key(id) && Some(*id) != tokenizer.unknown_token();
                let expected = genuine.iter().map(|found| found.id).filter(steers);
                return match ids.iter().copied().filter(steers).eq(expected) {
                    true => Ok(ids),
                    false => Err(ChatTemplateError::Inseparable),
                };
            }
        }
        Err(ChatTemplateError::Inseparable)
    }
}

/// Stand-ins for the first characters of control tokens.
struct Disguise<'a> {
    tokenizer: &'a Tokenizer,
    /// The control tokens and their texts.
    controls: BTreeMap<u32, String>,
    /// Their first characters; the stand-in of each has its index.
    first: Vec<char>,
}

impl<'a> Disguise<'a> {
    fn new(tokenizer: &'a Tokenizer, controls: BTreeMap<u32, String>) -> Self {
        let first: BTreeSet<char> = controls.values().filter_map(|text| text.chars().next()).collect();
        Self { tokenizer, controls, first: first.into_iter().collect() }
    }

    fn stand_in(&self, character: char) -> Option<char> {
        let index = self.first.binary_search(&character).ok()?;
        char::from_u32(FIRST_STAND_IN + index as u32)
    }

    fn behind(&self, character: char) -> Option<char> {
        let index = u32::from(character).checked_sub(FIRST_STAND_IN)?;
        self.first.get(index as usize).copied()
    }

    fn occurs_in(&self, text: &str) -> bool {
        text.chars().any(|character| self.behind(character).is_some())
    }

    /// Nothing of the result can begin a control token.
    fn every_first_character(&self, text: &str) -> String {
        text.chars().map(|character| self.stand_in(character).unwrap_or(character)).collect()
    }

    /// Only the first characters of whole control tokens, for templates that look for other texts with the same beginning, such
    /// as `</think>`.
    fn whole_tokens(&self, text: &str) -> Result<String, ChatTemplateError> {
        let mut hidden = text.to_owned();
        for _ in 0..OVERLAPS {
            let mut found = self.controls_in(&hidden)?;
            if found.is_empty() {
                return Ok(hidden);
            }
            // From the end, so that the places before stay.
            while let Some(Found { bytes, id }) = found.pop() {
                let Some(token) = self.controls.get(&id) else { continue };
                // A token may take white space before it with it.
                let start = bytes.start + hidden[bytes].find(token.as_str()).unwrap_or_default();
                let Some(first) = hidden[start..].chars().next() else { continue };
                let Some(stand_in) = self.stand_in(first) else { return Err(ChatTemplateError::Inseparable) };
                hidden.replace_range(start..start + first.len_utf8(), stand_in.encode_utf8(&mut [0; 4]));
            }
        }
        Err(ChatTemplateError::Inseparable)
    }

    fn controls_in(&self, text: &str) -> Result<Vec<Found>, ChatTemplateError> {
        let mut found = self.tokenizer.added_tokens_in(text)?;
        found.retain(|found| self.controls.contains_key(&found.id));
        Ok(found)
    }

    /// The text without stand-ins, and the control tokens that were not disguised, at their places in it.
    fn take_off(&self, hidden: &str) -> Result<(String, Vec<Found>), ChatTemplateError> {
        let mut found = self.controls_in(hidden)?;
        let mut text = String::with_capacity(hidden.len());
        let mut places = BTreeMap::new();
        for (at, character) in hidden.char_indices() {
            places.insert(at, text.len());
            text.push(self.behind(character).unwrap_or(character));
        }
        places.insert(hidden.len(), text.len());
        let place = |at: usize| places.get(&at).copied().ok_or(ChatTemplateError::Inseparable);
        for found in &mut found {
            found.bytes = place(found.bytes.start)?..place(found.bytes.end)?;
        }
        Ok((text, found))
    }
}
