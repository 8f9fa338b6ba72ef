//! Any text is a frame or none, and a frame that is printed is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use teahouse::realtime::frames::ClientFrame;

fuzz_target!(|text: &str| {
    if let Some(frame) = ClientFrame::parse(text) {
        let printed = serde_json::to_string(&frame).expect("JSON");
        assert_eq!(ClientFrame::parse(&printed), Some(frame));
    }
});
