//! Phone numbers, as people type them and as they are kept.

use std::fmt;

use phonenumber::country::Id as Region;
use phonenumber::{Mode, country};

use crate::error::{Error, Result};

/// The most digits of a number, its country code included.
const MAX_DIGITS: usize = 15;
/// The fewest digits of a number that is told from a username by its digits alone.
const MIN_DIGITS: usize = 7;

mod written;

/// A valid phone number in E.164 form (ITU-T E.164: `+`, country code and number, at most 15 digits).
///
/// `Debug` hides it: a phone number never reaches a log.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number as typed or pasted: with `+` and country code, as it is dialled within `region` (ISO 3166-1
    /// alpha-2), or as a `tel:` URI (RFC 3966). The module `written` says which spellings are understood.
    ///
    /// # Errors
    /// `Invalid` for the field `phone` when it is missing or no valid number.
    pub fn parse(typed: &str, region: &str) -> Result<Self> {
        let invalid = || Error::field("phone", "error-phone-invalid");
        let digits = written::digits(typed);
        if digits.is_empty() {
            return Err(Error::field("phone", "error-phone-missing"));
        }
        let national = digits.strip_prefix('+').unwrap_or(&digits);
        if !national.chars().all(|c| c.is_ascii_digit()) {
            return Err(invalid());
        }
        // The library would read a number that says its country by the rules of another one.
        let region = match digits.starts_with('+') {
            true => None,
            false => region.to_ascii_uppercase().parse::<Region>().ok(),
        };
        let number = phonenumber::parse(region, &digits).map_err(|_| invalid())?;
        if !phonenumber::is_valid(&number) {
            return Err(invalid());
        }
        let number = number.format().mode(Mode::E164).to_string();
        // Some countries' rules allow more than the world's do.
        match number.len() <= 1 + MAX_DIGITS {
            true => Ok(Self(number)),
            false => Err(invalid()),
        }
    }

    /// Returns whether a text that may be a username or a number is meant as a number: it begins with `+`, or has seven
    /// digits or more (the shortest of E.164) and no letters. No username is accepted that looks like this.
    pub fn is_meant(typed: &str) -> bool {
        let digits = written::digits(typed);
        match digits.strip_prefix('+') {
            Some(national) => national.starts_with(|c: char| c.is_ascii_digit()),
            None => {
                digits.chars().filter(|c| c.is_numeric()).count() >= MIN_DIGITS
                    && !digits.contains(char::is_alphabetic)
            }
        }
    }

    /// Its E.164 form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it to tell two numbers apart, too little to call.
    pub fn masked(&self) -> String {
        masked(&self.0)
    }

    /// A number that is kept in E.164 form.
    pub fn from_stored(number: String) -> Self {
        Self(number)
    }

    /// The region (ISO 3166-1 alpha-2) whose number it is, if it is one region's.
    pub fn region(&self) -> Option<String> {
        let number = phonenumber::parse(None, &self.0).ok()?;
        number
            .country()
            .id()
            .map(|region| region.as_ref().to_owned())
    }

    /// Every region that a number can be read in, with its dialling code: `("CN", 86)`, sorted.
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

    /// Whether the number rules of a region (ISO 3166-1 alpha-2) are known.
    pub fn knows_region(region: &str) -> bool {
        region.parse::<country::Id>().is_ok()
    }

    /// Reads the number rules of the world, which takes a moment the first time.
    pub fn warm_up() {
        let _ = Self::parse("+8613800138000", "CN");
    }
}

/// Enough of a number to tell two apart, too little to call.
pub fn masked(phone: &str) -> String {
    let length = phone.chars().count();
    let shown = |at: usize| at < 3 || at + 2 >= length;
    let letters = phone.chars().enumerate();
    letters
        .map(|(at, c)| if shown(at) { c } else { '*' })
        .collect()
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
    fn one_number_has_one_form_however_it_is_typed() {
        for typed in [
            "13800138000",
            "+8613800138000",
            "+86 138-0013-8000",
            "１３８００１３８０００",
            "＋８６ (138) 0013.8000",
            " 138 0013 8000 ",
        ] {
            let number = PhoneNumber::parse(typed, "CN").expect(typed);
            assert_eq!(number.as_str(), "+8613800138000", "{typed}");
        }
        assert_eq!(
            PhoneNumber::parse("(415) 555-2671", "us")
                .expect("good")
                .as_str(),
            "+14155552671"
        );
    }

    #[test]
    fn a_number_that_says_its_country_is_the_same_everywhere() {
        for region in ["CN", "US", "DE", "RU", "", "nonsense"] {
            let number = PhoneNumber::parse("+8613800138000", region).expect(region);
            assert_eq!(number.as_str(), "+8613800138000", "{region}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for typed in [
            "",
            "  ",
            "12",
            "hello",
            "+",
            "++8613800138000",
            "1380013800a",
            "+86138001380001380013",
            "1-800-FLOWERS",
            "0",
            "+999123456789",
        ] {
            assert!(PhoneNumber::parse(typed, "CN").is_err(), "{typed}");
        }
    }

    #[test]
    fn a_number_has_fifteen_digits_at_most() {
        assert!(PhoneNumber::parse("0840189 00189 00", "DE").is_ok());
        assert!(PhoneNumber::parse("0840189 00189 000", "DE").is_err());
    }

    #[test]
    fn the_number_is_not_in_its_debug_form() {
        let number = PhoneNumber::parse("13800138000", "CN").expect("good");
        assert!(!format!("{number:?}").contains("138"));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_becomes_one_form_or_nothing(
            typed in prop_oneof!["[+＋]?[0-9０-９ ().-]{0,20}", ".{0,40}"],
            region in prop_oneof![Just("CN".to_owned()), Just("US".to_owned()), ".{0,3}"],
        ) {
            if let Ok(number) = PhoneNumber::parse(&typed, &region) {
                let digits = number.as_str().strip_prefix('+').expect("E.164");
                prop_assert!((4..=15).contains(&digits.len()), "{digits}");
                prop_assert!(digits.bytes().all(|c| c.is_ascii_digit()), "{digits}");
                prop_assert!(!digits.starts_with('0'));
                let printed = format!("{number:?}");
                prop_assert!(!printed.contains(digits));
                let again = PhoneNumber::parse(number.as_str(), &region);
                prop_assert_eq!(again.expect("its own form"), number);
            }
        }
    }
}
