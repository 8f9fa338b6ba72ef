//! Phone numbers in E.164 form, parsed from any usual spelling.

use std::fmt;

use phonenumber::Mode;
use phonenumber::country::Id as Region;

use super::text_column::text_column;
use crate::error::{Error, Result};

/// Maximum number of digits, including the country code.
const MAX_DIGITS: usize = 15;
/// Minimum number of digits by which a text without `+` is recognized as a phone number.
const MIN_DIGITS: usize = 7;

mod normalize;

/// A valid phone number in E.164 form (ITU-T E.164: `+`, country code and number, at most 15 digits).
///
/// `Debug` hides it, so that it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

text_column!(PhoneNumber, |number| Ok(PhoneNumber(number)));

impl PhoneNumber {
    /// Parses a number with `+` and country code, a national number of `region` (ISO 3166-1 alpha-2), or a `tel:` URI
    /// (RFC 3966). `normalize` lists the accepted spellings.
    ///
    /// # Errors
    /// `Invalid` for the field `phone` when it is missing or not a valid number.
    pub fn parse(text: &str, region: &str) -> Result<Self> {
        let invalid = || Error::field("phone", "error-phone-invalid");
        let digits = normalize::digits(text);
        if digits.is_empty() {
            return Err(Error::field("phone", "error-phone-missing"));
        }
        let national = digits.strip_prefix('+').unwrap_or(&digits);
        if !national.chars().all(|c| c.is_ascii_digit()) {
            return Err(invalid());
        }
        // With a region, the library would misread international numbers of other countries.
        let region = match digits.starts_with('+') {
            true => None,
            false => region.to_ascii_uppercase().parse::<Region>().ok(),
        };
        let number = phonenumber::parse(region, &digits).map_err(|_| invalid())?;
        if !phonenumber::is_valid(&number) {
            return Err(invalid());
        }
        let number = number.format().mode(Mode::E164).to_string();
        // Some countries' rules allow more digits than E.164.
        match number.len() <= 1 + MAX_DIGITS {
            true => Ok(Self(number)),
            false => Err(invalid()),
        }
    }

    /// Returns whether a text is a phone number rather than a username: it begins with `+`, or has at least seven digits
    /// (the shortest of E.164) and no letters. Such usernames are not accepted.
    pub fn is_number_like(text: &str) -> bool {
        let digits = normalize::digits(text);
        match digits.strip_prefix('+') {
            Some(national) => national.starts_with(|c: char| c.is_ascii_digit()),
            None => {
                digits.chars().filter(|c| c.is_numeric()).count() >= MIN_DIGITS
                    && !digits.contains(char::is_alphabetic)
            }
        }
    }

    /// Returns the E.164 form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// See [`masked`].
    pub fn masked(&self) -> String {
        masked(&self.0)
    }

    /// Returns the number's region (ISO 3166-1 alpha-2), if it belongs to one.
    pub fn region(&self) -> Option<String> {
        let region = phonenumber::parse(None, &self.0).ok()?.country().id()?;
        Some(region.as_ref().to_owned())
    }

    /// Returns all supported regions with their country codes, such as `("CN", 86)`, sorted.
    pub fn regions() -> Vec<(&'static str, u16)> {
        let mut regions: Vec<_> = phonenumber::metadata::DATABASE
            .iter()
            .filter(|metadata| metadata.id().parse::<Region>().is_ok())
            .map(|metadata| (metadata.id(), metadata.country_code()))
            .collect();
        regions.sort_unstable();
        regions.dedup();
        regions
    }

    /// Returns whether the region (ISO 3166-1 alpha-2) is supported.
    pub fn is_known_region(region: &str) -> bool {
        region.parse::<Region>().is_ok()
    }

    /// Loads the library's number rules, which makes the first parsing slow.
    pub fn warm_up() {
        let _ = Self::parse("+8613800138000", "CN");
    }
}

/// Masks all but the first three and last two characters.
pub fn masked(phone: &str) -> String {
    let length = phone.chars().count();
    let mask = |(at, c)| if at < 3 || at + 2 >= length { c } else { '*' };
    phone.chars().enumerate().map(mask).collect()
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber([secret])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_spellings_parse_to_the_same_number() {
        for (text, region, expected) in [
            ("13800138000", "CN", "+8613800138000"),
            ("+8613800138000", "CN", "+8613800138000"),
            ("+86 138-0013-8000", "CN", "+8613800138000"),
            ("１３８００１３８０００", "CN", "+8613800138000"),
            ("＋８６ (138) 0013.8000", "CN", "+8613800138000"),
            (" 138 0013 8000 ", "CN", "+8613800138000"),
            ("(415) 555-2671", "us", "+14155552671"),
            // International numbers do not depend on the region.
            ("+8613800138000", "US", "+8613800138000"),
            ("+8613800138000", "DE", "+8613800138000"),
            ("+8613800138000", "RU", "+8613800138000"),
            ("+8613800138000", "", "+8613800138000"),
            ("+8613800138000", "nonsense", "+8613800138000"),
        ] {
            let number = PhoneNumber::parse(text, region).expect(text);
            assert_eq!(number.as_str(), expected, "{text} {region}");
        }
    }

    #[test]
    fn invalid_numbers_are_rejected() {
        let texts = [
            "",
            "  ",
            "12",
            "hello",
            "+",
            "++8613800138000",
            "1380013800a",
        ];
        let more = [
            "+86138001380001380013",
            "1-800-FLOWERS",
            "0",
            "+999123456789",
        ];
        for text in texts.into_iter().chain(more) {
            assert!(PhoneNumber::parse(text, "CN").is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_at_most_fifteen_digits() {
        assert!(PhoneNumber::parse("0840189 00189 00", "DE").is_ok());
        assert!(PhoneNumber::parse("0840189 00189 000", "DE").is_err());
    }

    #[test]
    fn debug_hides_the_number() {
        let number = PhoneNumber::parse("13800138000", "CN").expect("valid");
        assert!(!format!("{number:?}").contains("138"));
    }

    proptest! {
        #[test]
        fn accepted_numbers_are_in_e164_form(
            text in prop_oneof!["[+＋]?[0-9０-９ ().-]{0,20}", ".{0,40}"],
            region in prop_oneof![Just("CN".to_owned()), Just("US".to_owned()), ".{0,3}"],
        ) {
            if let Ok(number) = PhoneNumber::parse(&text, &region) {
                let digits = number.as_str().strip_prefix('+').expect("E.164");
                prop_assert!((4..=15).contains(&digits.len()), "{digits}");
                prop_assert!(digits.bytes().all(|c| c.is_ascii_digit()), "{digits}");
                prop_assert!(!digits.starts_with('0'));
                let printed = format!("{number:?}");
                prop_assert!(!printed.contains(digits));
                let again = PhoneNumber::parse(number.as_str(), &region);
                prop_assert_eq!(again.expect("valid"), number);
            }
        }
    }
}
