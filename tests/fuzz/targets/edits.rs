#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: &[u8]| rummy_fuzz::checks::edits(&String::from_utf8_lossy(input))
);
