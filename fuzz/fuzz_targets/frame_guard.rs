//! The frame guard's result does not depend on how the network splits the bytes. The first byte is the chunk size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use teahouse::controllers::realtime::frame_guard::FrameHeaders;

const MAX_BYTES: usize = 64 * 1024;

fuzz_target!(|data: &[u8]| {
    let Some((size, bytes)) = data.split_first() else {
        return;
    };
    let whole = FrameHeaders::new(MAX_BYTES).read(bytes);
    for size in [1, usize::from(*size).max(1)] {
        let mut headers = FrameHeaders::new(MAX_BYTES);
        let cut = bytes.chunks(size).try_for_each(|part| headers.read(part));
        assert_eq!(cut, whole, "split every {size} bytes");
    }
});
