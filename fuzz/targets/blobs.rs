#![no_main]

libfuzzer_sys::fuzz_target!(init: strike_fuzz::initialize(), |data: &[u8]| {
    strike_fuzz::blobs::run(data);
});
