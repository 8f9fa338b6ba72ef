//! The Bidi rule of RFC 5893, section 2, which excludes texts that mix writing directions in confusing ways.

use icu_properties::CodePointMapData;
use icu_properties::props::BidiClass;

/// Returns whether a text satisfies the rule. It applies only to texts with a right-to-left character (R, AL, AN).
pub fn satisfies_rule(text: &str) -> bool {
    let data = CodePointMapData::<BidiClass>::new();
    let classes: Vec<BidiClass> = text.chars().map(|c| data.get(c)).collect();
    let is_rtl = |class: &BidiClass| {
        matches!(
            *class,
            BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber
        )
    };
    !classes.iter().any(is_rtl) || satisfies_conditions(&classes)
}

/// Checks the six conditions, numbered as in the RFC.
fn satisfies_conditions(classes: &[BidiClass]) -> bool {
    // Conditions 3 and 6 concern the last character before trailing NSM.
    let end = (classes.iter().rev()).find(|class| **class != BidiClass::NonspacingMark);
    let (Some(first), Some(end)) = (classes.first(), end) else {
        return false;
    };
    match *first {
        // 1.
        BidiClass::RightToLeft | BidiClass::ArabicLetter => {
            // 2.
            classes.iter().all(|class| is_strong_rtl(*class) || is_neutral(*class))
                // 3.
                && (is_strong_rtl(*end) || *end == BidiClass::EuropeanNumber)
                // 4.
                && !(classes.contains(&BidiClass::EuropeanNumber)
                    && classes.contains(&BidiClass::ArabicNumber))
        }
        BidiClass::LeftToRight => {
            // 5.
            classes.iter().all(|class| *class == BidiClass::LeftToRight || is_neutral(*class))
                // 6.
                && matches!(*end, BidiClass::LeftToRight | BidiClass::EuropeanNumber)
        }
        _ => false,
    }
}

/// R, AL and AN.
fn is_strong_rtl(class: BidiClass) -> bool {
    matches!(
        class,
        BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber
    )
}

/// Classes allowed in texts of either direction: EN, ES, CS, ET, ON, BN and NSM.
fn is_neutral(class: BidiClass) -> bool {
    matches!(
        class,
        BidiClass::EuropeanNumber
            | BidiClass::EuropeanSeparator
            | BidiClass::CommonSeparator
            | BidiClass::EuropeanTerminator
            | BidiClass::OtherNeutral
            | BidiClass::BoundaryNeutral
            | BidiClass::NonspacingMark
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_direction_satisfy_the_bidi_rule() {
        for text in [
            "",
            "abc",
            "a1-2.b_",
            // NSM in the middle and at the end (RFC 5893, section 4: Dhivehi and Yiddish).
            "\u{5e9}\u{5b8}\u{5c1}\u{5dc}\u{5d5}\u{5b9}\u{5dd}",
            "\u{645}\u{62d}\u{645}\u{651}\u{62f}",
            "\u{78b}\u{7a8}\u{788}\u{7ac}\u{780}\u{7a8}",
            "\u{78b}\u{7a8}-\u{788}\u{7ac}",
            "\u{5d9}\u{5b4}\u{5d5}\u{5d0}",
            "\u{5d0}1",
            "\u{5d0}\u{661}\u{64b}",
            "\u{5d0}-1.\u{5d1}",
            "\u{627}\u{6f1}",
            "ab\u{301}c",
        ] {
            assert!(satisfies_rule(text), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn each_condition_is_enforced() {
        for (condition, text) in [
            (1, "1\u{5d0}"),
            (1, "-\u{5d0}"),
            (1, "_\u{5d0}"),
            (1, "\u{64b}\u{627}"),
            (1, "\u{661}\u{662}"),
            (2, "\u{5d0}a\u{5d1}"),
            (2, "\u{5d0}\u{202e}\u{5d1}"),
            (2, "\u{5d0} \u{5d1}"),
            (3, "\u{5d0}-"),
            (3, "\u{5d0}.\u{5b8}"),
            (3, "\u{5d0}_"),
            (4, "\u{5d0}1\u{661}"),
            (4, "\u{661}"),
            (5, "a\u{5d0}"),
            (5, "a\u{661}"),
            (5, "a\u{627}b"),
            (6, "a-\u{5d0}"),
        ] {
            assert!(
                !satisfies_rule(text),
                "{condition}: {}",
                text.escape_unicode()
            );
        }
    }
}
