//! Properties of characters that determine where words, links and mentions end.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use crate::characters::is_default_ignorable;

/// Returns the script that a letter, mark or digit belongs to. `ー` and its half-width form are Common in Unicode.
pub fn of(c: char) -> Script {
    match c {
        '\u{30fc}' | '\u{ff70}' => Script::Katakana,
        c => c.script(),
    }
}

/// Returns whether the script is written without spaces between words.
pub fn is_unspaced(script: Script) -> bool {
    matches!(
        script,
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Bopomofo
            | Script::Yi
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
            | Script::Tibetan
            | Script::Javanese
            | Script::Balinese
            | Script::Tai_Le
            | Script::Tai_Tham
            | Script::Tai_Viet
            | Script::New_Tai_Lue
    )
}

/// Returns whether a word that begins with this character may directly follow a word of another script: in scripts without
/// spaces, and in Hangul, whose particles are attached to the preceding word.
pub fn attaches_to_foreign_words(c: char) -> bool {
    let script = of(c);
    is_unspaced(script) || script == Script::Hangul
}

/// Returns whether the character is part of a word: a letter, a mark or a decimal digit of any script.
pub fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    !is_invisible(c)
        && (c.general_category() == GeneralCategory::DecimalNumber
            || c == '〇'
            || matches!(
                c.general_category_group(),
                GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
            ))
}

/// Returns whether the character starts a bidirectional embedding, override or isolate.
pub fn starts_bidi_run(c: char) -> bool {
    matches!(
        c,
        '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' | '\u{2066}'..='\u{2068}'
    )
}

/// Returns whether the character has no glyph: default-ignorable code points and other format characters.
pub fn is_invisible(c: char) -> bool {
    is_default_ignorable(c) || c.general_category() == GeneralCategory::Format
}
