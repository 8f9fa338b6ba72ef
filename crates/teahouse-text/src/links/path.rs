//! Parses path, query and fragment of a URL, which may be followed by text without a space.
//!
//! Letters of scripts with spaces belong to the URL. Letters of scripts without spaces, and of Hangul, belong to it after a
//! delimiter (`/wiki/茶`, `?q=茶`), but not directly after ASCII letters and digits (`/a这个网站`).

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::starts_with_scheme;
use crate::script;

/// Languages of Wikipedias with titles of mixed scripts, such as `/wiki/T恤`.
const WIKI_LANGUAGES: &str = "zh zh-yue zh-classical zh-min-nan wuu gan hak ja ko th lo km";

/// Returns the end of the part that begins at `start` with `/`, `?` or `#`. Returns `None` if it contains bidirectional
/// controls, which would display the URL in another order; it does not become a link then.
pub(super) fn end(text: &str, link_start: usize, host: &str, start: usize) -> Option<usize> {
    let before = text[..link_start].chars().next_back();
    let language = host.split('.').next().unwrap_or_default();
    let mut path = Path {
        text,
        start,
        before,
        is_wiki: host.contains(".wik") && WIKI_LANGUAGES.split(' ').any(|one| one == language),
        ..Path::default()
    };
    let mut end = text.len();
    for (index, c) in text[start..].char_indices() {
        let at = start + index;
        if !path.accept(at, c) {
            let mut invisible = text[at..].chars().take_while(|c| script::is_invisible(*c));
            if invisible.any(script::starts_bidi_run) {
                return None;
            }
            end = at;
            break;
        }
        path.last = (path.last.1, c);
    }
    Some(path.trim(end))
}

#[derive(Default)]
struct Path<'a> {
    text: &'a str,
    start: usize,
    /// The character before the URL.
    before: Option<char>,
    /// Whether the host is a Wikipedia with titles of mixed scripts.
    is_wiki: bool,
    /// Open brackets and their positions.
    open: Vec<(char, usize)>,
    /// Whether the current segment (delimited by `/ ? # & =`) contains non-ASCII letters.
    has_letters: bool,
    /// Whether the current segment contains a percent-encoded character.
    has_escape: bool,
    has_query: bool,
    /// The two preceding characters.
    last: (char, char),
}

impl Path<'_> {
    /// Updates the state for the character at `at`, and returns whether it belongs to the URL.
    fn accept(&mut self, at: usize, c: char) -> bool {
        if c.is_ascii() {
            return self.accept_ascii(at, c);
        }
        if script::is_invisible(c) {
            return self.is_joiner(at, c);
        }
        match c {
            '\u{ff00}'..='\u{ff65}' | '\u{ffe0}'..='\u{ffef}' => return false,
            // Punctuation within words.
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
        if script::attaches_to_foreign_words(c) && !self.may_continue_with_foreign(at) {
            return false;
        }
        self.has_letters = true;
        true
    }

    fn accept_ascii(&mut self, at: usize, c: char) -> bool {
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

    /// Returns whether a letter of a script without spaces belongs to the URL at this position.
    fn may_continue_with_foreign(&self, at: usize) -> bool {
        match self.last {
            (_, last) if !last.is_ascii() => true,
            (_, last) if last.is_ascii_alphanumeric() => {
                self.has_letters || (self.is_wiki && !self.has_escape)
            }
            ('-', '-') => false,
            (_, '/' | '=' | '#' | '-' | '_' | '+') => true,
            (_, '&') => self.has_query,
            (_, '?') => starts_with_parameter(&self.text[at..]),
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
            && (self.has_letters || !script::attaches_to_foreign_words(next))
    }

    /// Returns whether the character is a zero-width (non-)joiner within a word of an Arabic or Indic script.
    fn is_joiner(&self, at: usize, c: char) -> bool {
        let joins =
            |c: char| !c.is_ascii() && script::is_word(c) && !script::attaches_to_foreign_words(c);
        matches!(c, '\u{200c}' | '\u{200d}') && joins(self.last.1) && joins(self.next_after(at, c))
    }

    /// Excludes trailing sentence punctuation and everything from an unclosed bracket on.
    fn trim(&self, end: usize) -> usize {
        let first_open = self.open.iter().map(|(_, at)| *at).find(|at| *at < end);
        let mut url = &self.text[..first_open.unwrap_or(end)];
        loop {
            let trimmed = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '~']);
            let trimmed = match self.before {
                Some('_') => trimmed.trim_end_matches('_'),
                _ => trimmed,
            };
            if trimmed.len() == url.len() {
                return url.len().max(self.start);
            }
            url = trimmed;
        }
    }
}

/// Returns whether the text begins with the name of a query parameter, `名=…`.
fn starts_with_parameter(text: &str) -> bool {
    let end = text.find(|c: char| match c {
        '=' | '&' | '#' | '/' | '?' => true,
        c if c.is_ascii() => !c.is_ascii_graphic(),
        c => !script::is_word(c),
    });
    end.is_some_and(|end| text[end..].starts_with('='))
}
