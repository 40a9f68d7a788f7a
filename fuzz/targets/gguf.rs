#![no_main]

strike_fuzz::target!(strike_fuzz::texts::gguf);
