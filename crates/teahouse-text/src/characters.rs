//! Properties of characters (Unicode scalar values) for the validation of names, passwords and messages.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use precis_core::{DerivedPropertyValue, Error, StringClass};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Characters that are rendered as blank space, although their Unicode properties are those of visible ones:
/// BRAILLE PATTERN BLANK and MUSICAL SYMBOL NULL NOTEHEAD. (The Hangul fillers are default-ignorable.)
const BLANK: [char; 2] = ['\u{2800}', '\u{1d159}'];

/// Returns whether the character is invisible where it is unsupported: joiners, direction marks, variation selectors,
/// Hangul fillers, tags, soft hyphens.
pub fn is_default_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Returns whether the character is visible by itself. Marks are not: they combine with a base.
fn is_visible(c: char) -> bool {
    if is_default_ignorable(c) || c.is_whitespace() || BLANK.contains(&c) {
        return false;
    }
    match c.general_category() {
        GeneralCategory::Control | GeneralCategory::Surrogate => false,
        // Most format characters are invisible, except those that enclose the digits after them.
        GeneralCategory::Format => is_prepended_mark(c),
        _ => c.general_category_group() != GeneralCategoryGroup::Mark,
    }
}

/// Returns whether the character has the property Prepended_Concatenation_Mark: signs that Arabic, Syriac and Kaithi draw around or over a number.
fn is_prepended_mark(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{110bd}' | '\u{110cd}')
}

/// Returns whether the text is empty, or consists of white space, invisible characters, blank letters, and marks without a
/// base.
pub fn is_blank(text: &str) -> bool {
    !text.chars().any(is_visible)
}

/// Checks the characters of a text against a PRECIS class (RFC 8264), context rules included.
///
/// `precis-core` supports Unicode 6.3. Characters that were assigned later are accepted if `is_newer_allowed` returns true
/// for them.
///
/// # Errors
/// The first character that the class disallows, or `None` when it is unknown.
pub fn check(
    class: &impl StringClass,
    text: &str,
    is_newer_allowed: impl Fn(char) -> bool,
) -> Result<(), Option<char>> {
    let is_newer = |c: char| {
        class.get_value_from_char(c) == DerivedPropertyValue::Unassigned
            && c.general_category() != GeneralCategory::Unassigned
            && !is_default_ignorable(c)
            && is_newer_allowed(c)
    };
    // Newer characters are replaced by a letter that no context rule concerns.
    let text: String = (text.chars())
        .map(|c| if is_newer(c) { 'x' } else { c })
        .collect();
    class.allows(text.as_str()).map_err(|error| match error {
        Error::BadCodepoint(bad) => char::from_u32(bad.cp),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_texts_are_blank() {
        for text in [
            "",
            " \t\n\u{a0}\u{3000}\u{2028}",
            "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}",
            "\u{ad}\u{34f}\u{61c}\u{180e}",
            "\u{200e}\u{202e}\u{2066}\u{2069}",
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            "\u{17b4}\u{17b5}",
            "\u{2800}\u{2800}",
            "\u{1d159}\u{1d173}",
            "\u{fe0f}\u{fe00}\u{e0100}",
            "\u{e0001}\u{e0041}\u{e007f}",
            "\u{301}\u{323}",
            "\u{20dd}\u{20e3}",
            "\u{5b7}\u{64b} \u{93f}",
            "\u{fff9}\u{fffb}\u{13430}",
            "\0\u{7f}\u{85}",
        ] {
            assert!(is_blank(text), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn visible_texts_are_not_blank() {
        for text in [
            ".",
            "\u{200b}a",
            "\u{e9}",
            "e\u{301}",
            "茶",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "👨\u{200d}👩\u{200d}👧",
            "🇨🇳",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "👍🏽",
            "🏽",
            "\u{25cc}\u{301}",
            "\u{600}1",
            "ー",
            "\u{2801}",
        ] {
            assert!(!is_blank(text), "{}", text.escape_unicode());
        }
    }
}
