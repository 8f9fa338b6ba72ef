//! Property tests: texts are stored unchanged or rejected, and rendered with our own markup only.

use proptest::prelude::*;

use super::*;
use crate::models::message::mention;

/// Generates texts with fragments of markup, URLs, mentions and control characters.
fn texts() -> impl Strategy<Value = String> {
    let words = "< > & \" ' = </a> <br> &lt; &#39; @mei @mei_lin @李梅 @john 茶 。 ) ( http:// https://a.b/ \
        HTTPS://x.y?q= https://a.b@c.de https://a.bc /wiki/ ?q= www.x.yz x@y.zz mailto:a@b.cd \
        javascript: data:text/html,"
        .split(' ');
    let spaces = ["ftp://a.b ", " ", "\n", "\r\n", "\r", "\t", "\u{3000}"];
    let invisible = ["\u{200b}", "\u{2066}", "\u{202e}", "\0", "\u{7f}"];
    let part = prop_oneof![
        prop::sample::select([words.collect(), spaces.to_vec(), invisible.to_vec()].concat())
            .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "\\PC{0,8}",
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn known(key: &str) -> Option<i64> {
    let index = ["mei", "mei_lin", "李梅"]
        .iter()
        .position(|name| *name == key)?;
    Some(index as i64)
}

/// Returns whether a link leads where its text says, and the text has no invisible characters.
fn is_accurate(text: &str, address: &str) -> bool {
    let (scheme, rest) = address.split_once(':').unwrap_or_default();
    let is_readable = !text.contains(|c: char| {
        c.is_whitespace() || matches!(c, '\u{200b}' | '\u{202e}' | '\u{2066}' | '<' | '"')
    });
    is_readable
        && match scheme.to_ascii_lowercase().as_str() {
            "mailto" => address.ends_with(text) && rest.matches('@').count() == 1,
            "http" | "https" => {
                let host = rest.trim_start_matches('/').split(['/', '?', '#']).next();
                let is_whole = text == address
                    || text.to_ascii_lowercase().starts_with("www.") && rest == format!("//{text}");
                is_whole
                    && host.is_some_and(|host| !host.is_empty() && !host.contains(['@', '\\', '%']))
            }
            _ => false,
        }
}

fn unescaped(text: &str) -> String {
    assert!(!text.contains(['<', '>', '"', '\'', '\n']), "{text}");
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = after.split_once(';').expect("an entity");
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("unexpected entity &{other};"),
        });
        rest = after;
    }
    plain + rest
}

/// Returns the address of a link's start tag.
fn address(tag: &str) -> Option<String> {
    let address = tag.strip_prefix("a href=\"")?;
    let web = address.strip_suffix("\" rel=\"noopener noreferrer nofollow\" target=\"_blank\"");
    let mail = address
        .strip_suffix('"')
        .filter(|mail| mail.starts_with("mailto:"));
    web.or(mail).map(unescaped)
}

/// Returns the text that HTML shows; panics on markup that `to_html` never produces, misleading links and wrong mentions.
fn shown_text(html: &str, mentions: &[Mention]) -> String {
    let mut shown = String::new();
    let mut rest = html;
    while let Some((text, tag)) = rest.split_once('<') {
        shown += &unescaped(text);
        let (tag, after) = tag.split_once('>').expect("a tag");
        rest = after;
        if tag == "br" {
            shown.push('\n');
        } else if let Some(address) = address(tag) {
            let (text, after) = after.split_once("</a>").expect("an end tag");
            let text = unescaped(text);
            assert!(
                is_accurate(&text, &address),
                "{text:?} leads to {address:?}"
            );
            shown += &text;
            rest = after;
        } else {
            let id = tag.strip_prefix("span class=\"mention\" data-user-id=\"");
            let id = id.and_then(|id| id.strip_suffix('"')).expect("a mention");
            let (name, after) = after.split_once("</span>").expect("an end tag");
            let name = unescaped(name);
            let mention = Mention {
                user_id: id.parse().expect("an id"),
                range: shown.len()..shown.len() + name.len(),
            };
            assert!(mentions.contains(&mention), "{mention:?}");
            shown += &name;
            rest = after;
        }
    }
    shown + &unescaped(rest)
}

proptest! {
    #[test]
    fn texts_are_stored_unchanged_or_rejected(sent in texts()) {
        let lines = sent.replace("\r\n", "\n").replace('\r', "\n");
        let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        match Content::parse(&sent) {
            Ok(content) => {
                prop_assert_eq!(content.as_str(), lines.trim());
                prop_assert!(!content.as_str().contains(is_control));
                prop_assert_eq!(Content::parse(content.as_str()), Ok(content));
            }
            Err(ContentError::Empty) => prop_assert!(is_blank(&lines)),
            Err(ContentError::Invalid) => prop_assert!(lines.trim().contains(is_control)),
            Err(ContentError::TooLong) => prop_assert!(lines.trim().chars().count() > MAX_CHARS),
        }
    }

    #[test]
    fn plain_texts_are_limited_by_length_only(c in "[\\p{Lu}\\p{Ll}\\p{Nd}\\p{Po}]", length in 3_990_usize..4_010) {
        prop_assert_eq!(Content::parse(&c.repeat(length)).is_ok(), length <= MAX_CHARS);
    }

    #[test]
    fn rendered_text_is_the_original_text(text in texts()) {
        let mentions = mention::find(&text, known);
        prop_assert_eq!(shown_text(&to_html(&text, &mentions), &mentions), text);
    }
}
