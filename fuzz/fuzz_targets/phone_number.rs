//! Any text parses to a valid E.164 number or is rejected. The first two bytes are the region.
#![no_main]

use libfuzzer_sys::fuzz_target;
use teahouse::models::values::phone_number::PhoneNumber;

fuzz_target!(init: PhoneNumber::warm_up(), |text: &str| {
    let Some((region, typed)) = text.split_at_checked(2) else {
        return;
    };
    for region in [region, "CN", "US"] {
        if let Ok(number) = PhoneNumber::parse(typed, region) {
            let digits = number.as_str().strip_prefix('+').expect("E.164");
            assert!(digits.len() <= 15 && digits.bytes().all(|c| c.is_ascii_digit()));
            let again = PhoneNumber::parse(number.as_str(), region).expect("its own form");
            assert_eq!(again, number);
        }
    }
});
