#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: &[u8]| rummy_fuzz::checks::patterns(&String::from_utf8_lossy(input))
);
