//! Parsing any text does not panic, and frames round-trip through JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use teahouse::protocol::frames::ClientFrame;

fuzz_target!(|text: &str| {
    if let Some(frame) = ClientFrame::parse(text) {
        let printed = serde_json::to_string(&frame).expect("JSON");
        assert_eq!(ClientFrame::parse(&printed), Some(frame));
    }
});
