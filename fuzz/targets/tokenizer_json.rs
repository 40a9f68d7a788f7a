#![no_main]

strike_fuzz::target!(strike_fuzz::texts::tokenizer_json);
