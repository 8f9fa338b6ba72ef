//! Path, query and fragment of an address, and where they end when text follows them directly.
//!
//! Letters of scripts with spaces belong to the address. A letter of a script without spaces, or of Hangul, belongs to it
//! after a delimiter (`/wiki/茶`, `?q=茶`), but not directly after ASCII letters and digits (`/a这个网站`).

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::starts_with_scheme;
use crate::models::values::script;

/// Languages whose Wikipedias have titles of both scripts, such as `/wiki/T恤`.
const WIKI_LANGUAGES: [&str; 12] = [
    "zh",
    "zh-yue",
    "zh-classical",
    "zh-min-nan",
    "wuu",
    "gan",
    "hak",
    "ja",
    "ko",
    "th",
    "lo",
    "km",
];

/// Finds the end of what begins at `start` with `/`, `?` or `#`. `None`: it holds what displays its text in another
/// order, so nothing of the address is a link.
pub(super) fn end(text: &str, link_start: usize, host: &str, start: usize) -> Option<usize> {
    let before = text[..link_start].chars().next_back();
    let language = host.split('.').next().unwrap_or_default();
    let mut path = Path {
        text,
        start,
        before,
        is_wiki: host.contains(".wik") && WIKI_LANGUAGES.contains(&language),
        open: Vec::new(),
        has_letters: false,
        has_escape: false,
        has_query: false,
        last: ('\0', '\0'),
    };
    let mut end = text.len();
    for (index, c) in text[start..].char_indices() {
        let at = start + index;
        if !path.take(at, c) {
            let unseen = text[at..].chars().take_while(|c| script::is_invisible(*c));
            if unseen.into_iter().any(script::starts_bidi_run) {
                return None;
            }
            end = at;
            break;
        }
        path.last = (path.last.1, c);
    }
    Some(path.trim(end))
}

struct Path<'a> {
    text: &'a str,
    start: usize,
    /// The character before the whole address.
    before: Option<char>,
    is_wiki: bool,
    /// Brackets that are not closed yet, and where they stand.
    open: Vec<(char, usize)>,
    /// Whether this part (up to `/ ? # & =`) has letters beyond ASCII.
    has_letters: bool,
    /// Whether it has a percent-encoded character.
    has_escape: bool,
    has_query: bool,
    /// The two characters before.
    last: (char, char),
}

impl Path<'_> {
    /// Whether the character at this place belongs to the address.
    fn take(&mut self, at: usize, c: char) -> bool {
        if c.is_ascii() {
            return self.take_ascii(at, c);
        }
        if script::is_invisible(c) {
            return self.is_joiner(at, c);
        }
        match c {
            '\u{ff00}'..='\u{ff65}' | '\u{ffe0}'..='\u{ffef}' => return false,
            // Marks between the letters of a word.
            '·'
            | '・'
            | '\u{5be}'
            | '\u{5f3}'
            | '\u{5f4}'
            | '\u{f0b}'
            | '\u{2010}'..='\u{2013}' => {
                return self.is_within_word(at, c);
            }
            '’' => return self.before != Some('‘') && self.is_within_word(at, c),
            _ => {}
        }
        if !script::is_word(c) || c.general_category() == GeneralCategory::EnclosingMark {
            return false;
        }
        if script::joins_foreign_words(c) && !self.has_place_for_foreign(at) {
            return false;
        }
        self.has_letters = true;
        true
    }

    fn take_ascii(&mut self, at: usize, c: char) -> bool {
        match c {
            '<' | '>' | '"' | '\\' | '`' | '^' | '|' => return false,
            c if !c.is_ascii_graphic() => return false,
            '\'' => return self.before != Some('\''),
            '(' | '[' | '{' => self.open.push((c, at)),
            ')' | ']' | '}' => {
                let opener = self.open.last().map(|(opener, _)| *opener);
                let closes = matches!(
                    (opener, c),
                    (Some('('), ')') | (Some('['), ']') | (Some('{'), '}')
                );
                return closes && self.open.pop().is_some();
            }
            'h' | 'H' => {
                let ends_before = !self.last.1.is_ascii() || ".,;!*'([{".contains(self.last.1);
                return !(ends_before && starts_with_scheme(&self.text[at..]));
            }
            '/' | '?' | '#' | '&' | '=' => {
                (self.has_letters, self.has_escape) = (false, false);
                self.has_query |= c == '?';
            }
            '%' => self.has_escape = true,
            _ => {}
        }
        true
    }

    /// Whether a letter of a script without spaces belongs to the address, by what stands before it.
    fn has_place_for_foreign(&self, at: usize) -> bool {
        match self.last {
            (_, last) if !last.is_ascii() => true,
            (_, last) if last.is_ascii_alphanumeric() => {
                self.has_letters || (self.is_wiki && !self.has_escape)
            }
            ('-', '-') => false,
            (_, '/' | '=' | '#' | '-' | '_' | '+') => true,
            (_, '&') => self.has_query,
            (_, '?') => is_named_value(&self.text[at..]),
            (_, ':') => self.text[self.start..].starts_with("/wiki/"),
            (before, '(' | '[' | '{') => !before.is_ascii() || "/_-=:#".contains(before),
            (before, '@' | '~') => before == '/',
            _ => false,
        }
    }

    fn next_after(&self, at: usize, c: char) -> char {
        self.text[at + c.len_utf8()..].chars().next().unwrap_or(' ')
    }

    fn is_within_word(&self, at: usize, c: char) -> bool {
        let next = self.next_after(at, c);
        script::is_word(self.last.1)
            && script::is_word(next)
            && (self.has_letters || !script::joins_foreign_words(next))
    }

    /// The zero-width (non-)joiners of Arabic and Indic scripts are part of words there.
    fn is_joiner(&self, at: usize, c: char) -> bool {
        let joins =
            |c: char| !c.is_ascii() && script::is_word(c) && !script::joins_foreign_words(c);
        matches!(c, '\u{200c}' | '\u{200d}') && joins(self.last.1) && joins(self.next_after(at, c))
    }

    /// Takes away what ends a sentence, or was opened and not closed.
    fn trim(&self, end: usize) -> usize {
        let first_open = self.open.iter().map(|(_, at)| *at).find(|at| *at < end);
        let mut address = &self.text[..first_open.unwrap_or(end)];
        loop {
            let trimmed = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '~']);
            let trimmed = match self.before {
                Some('_') => trimmed.trim_end_matches('_'),
                _ => trimmed,
            };
            if trimmed.len() == address.len() {
                return address.len().max(self.start);
            }
            address = trimmed;
        }
    }
}

/// Whether a text begins with the name of a query's value, `名=…`.
fn is_named_value(text: &str) -> bool {
    let end = text.find(|c: char| match c {
        '=' | '&' | '#' | '/' | '?' => true,
        c if c.is_ascii() => !c.is_ascii_graphic(),
        c => !script::is_word(c),
    });
    end.is_some_and(|end| text[end..].starts_with('='))
}
