//! Where a mentioned name may end.
//!
//! A following letter or digit of the name's own script, also after one of `_ - .`, continues the name: `@johnson`,
//! `@john2`, `@john.x` and `@john-smith` do not mention john; `@john.`, `@john你好` and `@john's` do. Scripts without spaces
//! do not mark the end of a name, so there a known name ends anywhere: `@李梅你好` mentions 李梅. In Korean, titles and
//! particles follow a name without a space: `@민수님이` mentions 민수, `@민수진` does not.

use unicode_script::Script;

use crate::script;

/// Titles after a Korean name.
const TITLES: [&str; 10] = [
    "선생님",
    "선배님",
    "선배",
    "팀장님",
    "님",
    "씨",
    "군",
    "양",
    "쌤",
    "형",
];

/// Particles after a Korean name or title.
const PARTICLES: [&str; 32] = [
    "",
    "이",
    "가",
    "은",
    "는",
    "을",
    "를",
    "의",
    "도",
    "만",
    "와",
    "과",
    "랑",
    "이랑",
    "하고",
    "아",
    "야",
    "에게",
    "한테",
    "께",
    "께서",
    "에게서",
    "한테서",
    "부터",
    "까지",
    "보다",
    "처럼",
    "이나",
    "나",
    "이가",
    "이는",
    "이도",
];

/// Returns whether a mention of `name` may end where the text continues with `rest`.
pub fn is_at(name: &str, rest: &str) -> bool {
    let separator = |c: char| matches!(c, '_' | '-' | '.');
    let after = rest.trim_start_matches(separator);
    let separators = &rest[..rest.len() - after.len()];
    // An ellipsis or a dash ends a name.
    if separators.contains("..") || separators.contains("--") {
        return true;
    }
    let Some(next) = after.chars().next().filter(|c| script::is_word(*c)) else {
        return true;
    };
    let next_script = script::of(next);
    if next_script == Script::Inherited && separators.is_empty() {
        return false;
    }
    let has_script = |script: &Script| !matches!(script, Script::Common | Script::Inherited);
    let own_script = name.chars().rev().map(script::of).find(has_script);
    match own_script {
        Some(own) if script::is_unspaced(own) => !is_mark(next) || !separators.is_empty(),
        Some(Script::Hangul) if next_script == Script::Hangul && separators.is_empty() => {
            is_korean_suffix(after)
        }
        Some(own) => next_script != own && !is_shared(next_script),
        // The name consists of digits.
        None => script::attaches_to_foreign_words(next),
    }
}

/// Returns whether the script is that of digits and marks, which all scripts share.
fn is_shared(script: Script) -> bool {
    matches!(script, Script::Common | Script::Inherited)
}

fn is_mark(c: char) -> bool {
    use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Returns whether the text begins with a title, a particle, or a title and a particle, as a whole Hangul word.
fn is_korean_suffix(text: &str) -> bool {
    let end = text.find(|c: char| script::of(c) != Script::Hangul);
    let word = &text[..end.unwrap_or(text.len())];
    let is_particle = |word: &str| PARTICLES.contains(&word);
    let mut after_titles = TITLES.iter().filter_map(|title| word.strip_prefix(*title));
    is_particle(word) || after_titles.any(is_particle)
}
