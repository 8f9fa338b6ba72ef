//! Finds URLs (`http(s)://…`, `www.…`) and mail addresses in texts, in linear time.

use std::ops::Range;

use self::host::Host;
use crate::script;

mod host;
mod path;
mod tlds;

#[cfg(test)]
mod tests;

/// Maximum length of a mail address before the `@` (RFC 5321).
const LOCAL_PART_MAX_CHARS: usize = 64;

/// The kind of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// A URL with its scheme.
    Web,
    /// A URL without scheme that begins with `www.`.
    Www,
    /// A mail address, with or without `mailto:`.
    Mail,
}

/// A link in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// How the address is written.
    pub kind: LinkKind,
    /// Byte range in the text.
    pub range: Range<usize>,
}

/// Returns the links of a text in order.
pub fn find(text: &str) -> Vec<Link> {
    let mut finder = Finder {
        text,
        links: Vec::new(),
        done: 0,
        bidi: BidiState::default(),
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let next = match bytes[at] {
            b':' => finder.match_url(at),
            b'@' => finder.match_mail(at),
            b'w' | b'W' if bytes.get(at + 3) == Some(&b'.') => finder.match_www(at),
            _ => None,
        };
        match next {
            Some(end) => {
                finder.done = end;
                at = end.max(at + 1);
            }
            None => at += 1,
        }
    }
    finder.links
}

/// Returns whether the text begins with `http://` or `https://`, ignoring case.
fn starts_with_scheme(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

struct Finder<'a> {
    text: &'a str,
    links: Vec<Link>,
    /// The next link cannot begin before this byte.
    done: usize,
    bidi: BidiState,
}

impl Finder<'_> {
    /// Parses a URL whose scheme ends with the `:` at `at`. Returns where to continue, if it is a scheme.
    fn match_url(&mut self, at: usize) -> Option<usize> {
        let before = self.text.as_bytes()[self.done..at].iter().rev().take(12);
        let length = before.take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (scheme, rest) = (&self.text[at - length..at], &self.text[at + 1..]);
        if !rest.starts_with("//") {
            let code_schemes = ["javascript", "vbscript", "data", "file", "blob"];
            let is_code = code_schemes
                .iter()
                .any(|name| scheme.eq_ignore_ascii_case(name));
            return (is_code && !starts_with_scheme(rest)).then(|| self.token_end(at));
        }
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let start = at - length;
        if !is_web || self.text[..start].ends_with('+') {
            return (length > 0).then(|| self.token_end(at));
        }
        match host::after_scheme(self.text, at + 3) {
            Host::Ends(end) => Some(self.add_url(LinkKind::Web, start, at + 3, end)),
            Host::Missing => None,
            Host::Deceptive => Some(self.token_end(at)),
        }
    }

    /// Parses a URL that begins with `www.` at `at`. Returns where to continue, if it is a URL.
    fn match_www(&mut self, at: usize) -> Option<usize> {
        if !self.text.as_bytes()[at..at + 4].eq_ignore_ascii_case(b"www.") || !self.may_begin(at) {
            return None;
        }
        match host::without_scheme(self.text, at, 3) {
            Host::Ends(end) => {
                Some(self.add_url(LinkKind::Www, at, at, host::with_port(self.text, end)))
            }
            // `www.mei@example.com` may still be a mail address.
            Host::Missing | Host::Deceptive => None,
        }
    }

    /// Adds a URL whose host (and port) ends at `end`. Returns where to continue.
    fn add_url(
        &mut self,
        kind: LinkKind,
        start: usize,
        host_start: usize,
        mut end: usize,
    ) -> usize {
        let text = self.text;
        if text[end..].starts_with(['/', '?', '#']) {
            match path::end(text, start, &text[host_start..end], end) {
                Some(path_end) => end = path_end,
                None => return self.token_end(start),
            }
        }
        self.add(kind, start..end)
    }

    /// Parses a mail address with an `@` at `at`. Returns where to continue, if it is an address.
    fn match_mail(&mut self, at: usize) -> Option<usize> {
        let is_local = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
        let before = &self.text[self.done..at];
        let nearest = before.chars().rev().take(LOCAL_PART_MAX_CHARS + 1);
        let length = nearest.take_while(is_local).count();
        let local = before[before.len() - length..].trim_start_matches(['.', '+', '-']);
        let mut start = at - local.len();
        let is_valid_local = !local.is_empty()
            && length <= LOCAL_PART_MAX_CHARS
            && !local.ends_with('.')
            && !local.contains("..");
        if !is_valid_local || !self.may_begin(at - length) {
            return None;
        }
        let Host::Ends(end) = host::without_scheme(self.text, at + 1, 2) else {
            return None;
        };
        if !host::is_mail_host(&self.text[at + 1..end]) {
            return None;
        }
        let scheme = start
            .checked_sub("mailto:".len())
            .and_then(|begin| self.text.get(begin..start));
        if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
            start -= "mailto:".len();
        }
        (start >= self.done).then(|| self.add(LinkKind::Mail, start..end))
    }

    /// Returns whether a link without a scheme may begin here: not within a word or another link.
    fn may_begin(&self, at: usize) -> bool {
        match self.text[..at].chars().next_back() {
            Some('.' | '-' | '_' | '@' | '/' | '+' | '%' | '\\') => false,
            Some(c) => !script::is_word(c) || script::attaches_to_foreign_words(c),
            None => true,
        }
    }

    fn add(&mut self, kind: LinkKind, range: Range<usize>) -> usize {
        let end = range.end;
        if !self.bidi.is_overridden(self.text, range.start) {
            self.links.push(Link { kind, range });
        }
        end
    }

    /// Returns the end of the run of characters that could belong to one URL.
    fn token_end(&self, at: usize) -> usize {
        let belongs = |c: char| match c {
            c if c.is_ascii() => c.is_ascii_graphic(),
            c => script::is_word(c) || script::is_invisible(c),
        };
        let rest = &self.text[at..];
        at + rest.find(|c| !belongs(c)).unwrap_or(rest.len())
    }
}

/// Tracks the bidirectional controls that are in effect at a position of a line.
#[derive(Default)]
struct BidiState {
    /// Open embeddings, overrides and isolates, outermost first.
    open: Vec<char>,
    /// End of the part of the text that was scanned.
    scanned: usize,
}

impl BidiState {
    /// Returns whether the display order of the text at `at` is overridden. Positions must be passed in ascending order.
    fn is_overridden(&mut self, text: &str, at: usize) -> bool {
        let is_isolate = |c: &char| matches!(c, '\u{2066}'..='\u{2068}');
        for c in text[self.scanned.min(at)..at].chars() {
            match c {
                '\n' => self.open.clear(),
                '\u{202c}' if self.open.last().is_some_and(|last| !is_isolate(last)) => {
                    self.open.pop();
                }
                '\u{2069}' => {
                    if let Some(isolate) = self.open.iter().rposition(is_isolate) {
                        self.open.truncate(isolate);
                    }
                }
                c if script::starts_bidi_run(c) => self.open.push(c),
                _ => {}
            }
        }
        self.scanned = at;
        let mut inner = self.open.iter().rev().take_while(|c| !is_isolate(c));
        inner.any(|c| matches!(c, '\u{202d}' | '\u{202e}'))
    }
}
