//! Normalizes spellings of phone numbers: separators, invisible characters, digits of any script, `tel:` URIs.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use teahouse_text::characters::is_default_ignorable;

/// Maximum length of a normalized number, which is longer than any valid one.
const MAX_CHARS: usize = 32;
/// Separators besides white space and characters of the categories dash and bracket: full stops, middle dots, slashes, the
/// minus sign, and characters that are used in place of a hyphen.
const SEPARATORS: &str = ".·‧∙•・｡。/⁄∕−˗⁃ー";

/// Reduces a number to ASCII digits, with a leading `+` if present. Other characters are kept, so that validation fails.
///
/// - Removes bidi marks and other default-ignorable characters, white space, dashes, brackets, dots and slashes.
/// - Converts decimal digits of any script, including full-width and superscript digits.
/// - Removes the scheme of a `tel:` URI (RFC 3966), and prepends its `phone-context` to a local number if that is a global
///   prefix (`+86`). Ignores other parameters, including `ext`, because E.164 has no extensions.
pub(super) fn digits(text: &str) -> String {
    let plain: String = text.nfkc().filter(|c| !is_default_ignorable(*c)).collect();
    match without_scheme(plain.trim()) {
        Some(uri) => digits_of_uri(uri),
        None => without_separators(&plain),
    }
}

/// Returns the text after a `tel:` scheme.
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    (scheme.trim().eq_ignore_ascii_case("tel")).then_some(rest)
}

fn digits_of_uri(uri: &str) -> String {
    let mut parts = uri.split(';');
    let number = without_separators(&percent_decoded(parts.next().unwrap_or_default()));
    if number.is_empty() || number.starts_with('+') {
        return number;
    }
    let context = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_context = name.trim().eq_ignore_ascii_case("phone-context");
        is_context.then(|| without_separators(&percent_decoded(value)))
    });
    match context.filter(|context| context.starts_with('+')) {
        Some(prefix) => format!("{prefix}{number}")
            .chars()
            .take(MAX_CHARS)
            .collect(),
        None => number,
    }
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

fn without_separators(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_separator(*c));
    kept.map(to_ascii).take(MAX_CHARS).collect()
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || is_default_ignorable(c)
        || SEPARATORS.contains(c)
        || matches!(
            c.general_category(),
            GeneralCategory::DashPunctuation
                | GeneralCategory::OpenPunctuation
                | GeneralCategory::ClosePunctuation
        )
}

/// Converts decimal digits and plus signs to ASCII.
fn to_ascii(c: char) -> char {
    match c {
        '\u{ff0b}' | '\u{fe62}' | '\u{2795}' => '+',
        c if !c.is_ascii() && is_decimal(c) => to_ascii_digit(c),
        c => c,
    }
}

fn is_decimal(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}

/// Decimal digits are encoded in runs from zero to nine (Unicode Standard, 4.6), some of them adjacent, so the distance
/// to the start of the run modulo 10 is the value.
fn to_ascii_digit(digit: char) -> char {
    let distance = (1..=u32::from(digit))
        .take_while(|back| char::from_u32(u32::from(digit) - back).is_some_and(is_decimal))
        .count();
    char::from_digit(distance as u32 % 10, 10).unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_reduced_to_digits() {
        for text in [
            "+8613800138000",
            "\u{202a}+86 138 0013 8000\u{202c}",
            "\u{2068}+86\u{a0}138\u{202f}0013\u{2009}8000\u{2069}\u{200b}",
            "＋８６（１３８）００１３－８０００",
            "+86ー138ー0013ー8000",
            "+86―138‐0013‑8000",
            "+86–138—0013−8000",
            "[+86] 138.0013.8000",
            "［＋８６］138／0013／8000",
            "【+86】138・0013・8000",
            "+٨٦ ١٣٨ ٠٠١٣ ٨٠٠٠",
            "+۸۶ ۱۳۸ ۰۰۱۳ ۸۰۰۰",
            "+८६ १३८ ००१३ ८०००",
            "+๘๖ ๑๓๘ ๐๐๑๓ ๘๐๐๐",
            "+𝟖𝟔 𝟏𝟑𝟖 𝟎𝟎𝟏𝟑 𝟖𝟎𝟎𝟎",
            "tel:+86-138-0013-8000",
            "TEL:+86(138)0013.8000;ext=12",
            " \u{200e}Tel: +86 138 0013 8000 ",
            "ｔｅｌ：＋８６１３８００１３８０００",
            "tel://+8613800138000",
            "tel:%2B86%20138%200013%208000",
            "tel:138-0013-8000;phone-context=+86",
            "tel:13800138000;ext=7;Phone-Context=%2B86",
        ] {
            assert_eq!(digits(text), "+8613800138000", "{}", text.escape_unicode());
        }
        for (text, expected) in [
            ("tel:138 0013 8000;phone-context=example.org", "13800138000"),
            ("tel:", ""),
            (" \u{200e}-()", ""),
            ("1-800-FLOWERS", "1800FLOWERS"),
            ("sms:+8613800138000", "sms:+8613800138000"),
        ] {
            assert_eq!(digits(text), expected, "{text}");
        }
    }

    #[test]
    fn digits_of_all_scripts_are_converted() {
        let digits: Vec<char> = ('\u{80}'..=char::MAX).filter(|c| is_decimal(*c)).collect();
        for (place, c) in digits.iter().enumerate() {
            assert_eq!(
                to_ascii_digit(*c).to_digit(10),
                Some(place as u32 % 10),
                "{c:?}"
            );
        }
        assert!(digits.len() > 700 && digits.len().is_multiple_of(10));
    }
}
