//! The text of a message.

use std::fmt::Write;
use std::ops::Range;

use sha2::{Digest, Sha256};
use teahouse_text::characters::is_blank;
use teahouse_text::links::{self, Link, LinkKind};

use crate::error::{Error, LocalizedMessage, Result};
use crate::models::message::mention::Mention;

pub mod permalinks;

/// Maximum length of a message in characters (Unicode scalar values).
pub const MAX_CHARS: usize = 4000;

/// The text of a message: 1 to 4,000 Unicode scalar values, not all invisible, without surrounding white space. Lines end
/// with LF; the only control characters are LF and tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(String);

/// Why a text is not valid content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Nothing visible.
    #[error("empty")]
    Empty,
    /// More characters than [`MAX_CHARS`].
    #[error("too long")]
    TooLong,
    /// A disallowed control character.
    #[error("invalid")]
    Invalid,
}

impl Content {
    /// Parses a text: converts CRLF and CR to LF and trims white space.
    ///
    /// # Errors
    /// See [`ContentError`].
    pub fn parse(sent: &str) -> Result<Self, ContentError> {
        let text = sent.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim();
        if text.is_empty() {
            return Err(ContentError::Empty);
        }
        if text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
            return Err(ContentError::Invalid);
        }
        if text.len() > MAX_CHARS && text.chars().nth(MAX_CHARS).is_some() {
            return Err(ContentError::TooLong);
        }
        if is_blank(text) {
            return Err(ContentError::Empty);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the SHA-256 of the text, by which a retry is recognized after the message was edited.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl From<ContentError> for Error {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Empty => Self::field("content", "error-content-empty"),
            ContentError::TooLong => {
                let message = LocalizedMessage::with("error-content-too-long", "limit", MAX_CHARS);
                Self::field("content", message)
            }
            ContentError::Invalid => Self::field("content", "error-content-invalid"),
        }
    }
}

/// Renders a text as HTML: escapes it, links URLs and mail addresses, marks mentions, and turns LF into `<br>`.
pub fn to_html(text: &str, named: &[Mention]) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    for Link { kind, range } in links::find(text) {
        push_marked(&mut html, text, at..range.start, named);
        at = range.end;
        let address = &text[range];
        html.push_str("<a href=\"");
        html.push_str(match kind {
            LinkKind::Www => "https://",
            LinkKind::Mail if !has_mail_scheme(address) => "mailto:",
            LinkKind::Web | LinkKind::Mail => "",
        });
        push_escaped(&mut html, address);
        // Permalinks stay in this window, and mail programs open their own.
        html.push_str(match kind {
            LinkKind::Mail => "\">",
            LinkKind::Web if permalinks::is_permalink(address) => "\">",
            LinkKind::Web | LinkKind::Www => {
                "\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">"
            }
        });
        push_escaped(&mut html, address);
        html.push_str("</a>");
    }
    push_marked(&mut html, text, at..text.len(), named);
    html
}

fn has_mail_scheme(address: &str) -> bool {
    let scheme = address.get(.."mailto:".len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
}

/// Appends a range of the text, escaped and with the mentions within it marked.
fn push_marked(html: &mut String, text: &str, span: Range<usize>, named: &[Mention]) {
    let mut at = span.start;
    let inside = |place: &Range<usize>| place.start >= span.start && place.end <= span.end;
    for Mention { user_id, range } in named.iter().filter(|named| inside(&named.range)) {
        push_escaped(html, &text[at..range.start]);
        let _ = write!(html, "<span class=\"mention\" data-user-id=\"{user_id}\">");
        push_escaped(html, &text[range.clone()]);
        html.push_str("</span>");
        at = range.end;
    }
    push_escaped(html, &text[at..span.end]);
}

fn push_escaped(html: &mut String, text: &str) {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            b'\n' => "<br>",
            _ => continue,
        };
        html.push_str(&text[done..at]);
        html.push_str(escaped);
        done = at + 1;
    }
    html.push_str(&text[done..]);
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_normalized_or_rejected() {
        let longest = "茶".repeat(MAX_CHARS);
        for (sent, expected) in [
            (" \r\n a\r\nb\rc\t d \n", Ok("a\nb\nc\t d")),
            (" \u{3000}\n", Err(ContentError::Empty)),
            (&longest, Ok(&*longest)),
            (&format!("{longest}  "), Ok(&longest)),
            (&format!("{longest}茶"), Err(ContentError::TooLong)),
            ("a\0b", Err(ContentError::Invalid)),
            ("a\u{7}b", Err(ContentError::Invalid)),
            ("a\u{1b}b", Err(ContentError::Invalid)),
            ("a\u{7f}b", Err(ContentError::Invalid)),
            ("a\u{85}b", Err(ContentError::Invalid)),
        ] {
            let content = Content::parse(sent);
            assert_eq!(
                content.as_ref().map(Content::as_str),
                expected.as_ref().copied(),
                "{sent:?}"
            );
        }
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(
            to_html("<script>alert('1')</script> & \"x\"\n2", &[]),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;<br>2"
        );
        let html = to_html("see https://example.org/a?b=1&c=\"><img src=x>.", &[]);
        let start = "see <a href=\"https://example.org/a?b=1&amp;c=";
        assert!(html.starts_with(start), "{html}");
        assert!(!html.contains("<img"), "{html}");
        let html = to_html("javascript:alert(1) data:text/html,x ftp://a.b", &[]);
        assert!(!html.contains("<a"), "{html}");
    }

    #[test]
    fn mentions_are_marked() {
        let mention = Mention {
            user_id: 7,
            range: 3..7,
        };
        assert_eq!(
            to_html("hi @mei & co", &[mention]),
            "hi <span class=\"mention\" data-user-id=\"7\">@mei</span> &amp; co"
        );
    }
}
