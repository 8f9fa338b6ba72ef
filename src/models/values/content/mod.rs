//! The text of a message.

use std::ops::Range;

use sha2::{Digest, Sha256};

use self::links::{Kind, Link};
use super::characters::is_blank;
use crate::error::{Error, Result};
use crate::models::message::mention::Mention;

pub(crate) mod links;
pub mod permalinks;

/// The most characters (Unicode scalar values) of a message.
pub const MAX_CHARS: usize = 4000;

/// 1–4,000 Unicode scalar values of which something can be seen, without white space around them; lines end in LF; no control characters but LF and tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(String);

/// Why a text is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Nothing that can be seen.
    #[error("empty")]
    Empty,
    /// More than [`MAX_CHARS`].
    #[error("too long")]
    TooLong,
    /// A control character.
    #[error("invalid")]
    Invalid,
}

impl Content {
    /// Makes a message's text of what was sent: CRLF and CR become LF, surrounding white space goes.
    ///
    /// # Errors
    /// Empty, too long, or with control characters.
    pub fn parse(sent: &str) -> Result<Self, ContentError> {
        let text = sent.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim();
        if text.is_empty() {
            return Err(ContentError::Empty);
        }
        if text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
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

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text, by which a late retry is recognised after an edit.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl From<ContentError> for Error {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Empty => Self::field("content", "error-content-empty"),
            ContentError::TooLong => Self::field(
                "content",
                crate::error::LocalizedMessage::with("error-content-too-long", "limit", MAX_CHARS),
            ),
            ContentError::Invalid => Self::field("content", "error-content-invalid"),
        }
    }
}

/// A text as HTML: everything escaped, addresses linked, names marked, lines kept. White space stays as it is.
pub fn to_html(text: &str, named: &[Mention]) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    for Link { kind, place } in links::find(text) {
        mark_names_into(&mut html, text, at..place.start, named);
        at = place.end;
        let address = &text[place];
        html.push_str("<a href=\"");
        html.push_str(match kind {
            Kind::Www => "https://",
            Kind::Mail if !has_mail_scheme(address) => "mailto:",
            Kind::Web | Kind::Mail => "",
        });
        escape_into(&mut html, address);
        // What stays in this window and what another program opens needs no window of its own.
        html.push_str(match kind {
            Kind::Mail => "\">",
            Kind::Web if permalinks::is_permalink(address) => "\">",
            Kind::Web | Kind::Www => "\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">",
        });
        escape_into(&mut html, address);
        html.push_str("</a>");
    }
    mark_names_into(&mut html, text, at..text.len(), named);
    html
}

fn has_mail_scheme(address: &str) -> bool {
    let scheme = address.get(.."mailto:".len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
}

fn mark_names_into(html: &mut String, text: &str, span: Range<usize>, named: &[Mention]) {
    let mut at = span.start;
    let inside = |place: &Range<usize>| place.start >= span.start && place.end <= span.end;
    for Mention { user_id, range } in named.iter().filter(|named| inside(&named.range)) {
        escape_into(html, &text[at..range.start]);
        html.push_str(&format!(
            "<span class=\"mention\" data-user-id=\"{user_id}\">"
        ));
        escape_into(html, &text[range.clone()]);
        html.push_str("</span>");
        at = range.end;
    }
    escape_into(html, &text[at..span.end]);
}

fn escape_into(html: &mut String, text: &str) {
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

    fn to_html_plain(text: &str) -> String {
        to_html(text, &[])
    }

    #[test]
    fn white_space_and_line_ends_are_tidied() {
        assert_eq!(
            Content::parse(" \r\n a\r\nb\rc\t d \n")
                .expect("good")
                .as_str(),
            "a\nb\nc\t d"
        );
        assert_eq!(Content::parse(" \u{3000}\n"), Err(ContentError::Empty));
    }

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        assert!(Content::parse(&"茶".repeat(MAX_CHARS)).is_ok());
        assert_eq!(
            Content::parse(&"茶".repeat(MAX_CHARS + 1)),
            Err(ContentError::TooLong)
        );
        assert!(Content::parse(&format!("{}  ", "x".repeat(MAX_CHARS))).is_ok());
    }

    #[test]
    fn control_characters_are_refused() {
        for c in ['\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}'] {
            assert_eq!(
                Content::parse(&format!("a{c}b")),
                Err(ContentError::Invalid)
            );
        }
    }

    #[test]
    fn html_is_shown_literally() {
        assert_eq!(
            to_html_plain("<script>alert('1')</script> & \"x\"\n2"),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;<br>2"
        );
    }

    #[test]
    fn addresses_become_links_that_cannot_break_out() {
        let html = to_html_plain("see https://example.org/a?b=1&c=\"><img src=x>.");
        assert!(
            html.starts_with("see <a href=\"https://example.org/a?b=1&amp;c="),
            "{html}"
        );
        assert!(!html.contains("<img"), "{html}");
        assert!(!to_html_plain("javascript:alert(1) data:text/html,x ftp://a.b").contains("<a"));
    }

    #[test]
    fn names_are_marked_where_they_stand() {
        let named = [Mention {
            user_id: 7,
            range: 3..7,
        }];
        assert_eq!(
            to_html("hi @mei & co", &named),
            "hi <span class=\"mention\" data-user-id=\"7\">@mei</span> &amp; co"
        );
    }
}
