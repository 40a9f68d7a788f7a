//! What is done with a tokenizer that was read.

use strike_tokenizers::{TextStream, Tokenizer};

/// Texts with what tokenizers treat specially, short enough that a slow expression ends.
const TEXTS: [&str; 3] =
    ["The harbour, 20 Möwen's\n\n  a▁b", "<s>[SEP]<|im_end|> é日本 🦊 <0x0A>\u{0}", "aaaaaaaa  1234567"];

/// Text to tokens and back, in one and in pieces.
pub fn tokenizer(tokenizer: &Tokenizer) {
    for text in TEXTS {
        let Ok(ids) = tokenizer.encode(text, true) else { continue };
        assert!(ids.iter().all(|id| (*id as usize) < tokenizer.vocab_size()));
        assert_eq!(tokenizer.encode_at_most(text, true, 2).expect("the text encodes").len(), ids.len().min(2));
        let whole = tokenizer.decode(&ids, false).expect("the ids decode");
        let mut stream = TextStream::new(tokenizer, false);
        let mut pieces = String::new();
        for id in &ids {
            pieces.push_str(&stream.push(tokenizer, *id).expect("the id decodes"));
        }
        pieces.push_str(&stream.finish());
        assert_eq!(pieces, whole);
    }
    for id in (0..tokenizer.vocab_size() as u32 + 1).take(64) {
        let _ = (tokenizer.token_bytes(id), tokenizer.is_special_id(id), tokenizer.decode(&[id], true));
    }
}
