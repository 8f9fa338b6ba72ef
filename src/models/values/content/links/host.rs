//! The host of an address, and where it ends when text follows it directly.

use std::net::Ipv6Addr;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_script::Script;

use super::tlds;
use crate::models::values::script;

/// What stands where a host is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    /// A host; with its port, if it has one, it ends here.
    Ends(usize),
    /// No host.
    Missing,
    /// Something that browsers read otherwise than people do: nothing of it is a link.
    Deceptive,
}

/// Reads the host and port after `https://`.
pub(super) fn after_scheme(text: &str, start: usize) -> Host {
    let rest = &text[start..];
    let (host, labels) = match rest.starts_with('[') {
        true => (ipv6(text, start), 0),
        false => name(text, start),
    };
    let host_end = match host {
        Host::Ends(host_end) => host_end,
        Host::Missing if has_user_name(rest) => return Host::Deceptive,
        _ => return host,
    };
    let (end, has_port) = match port(text, host_end) {
        Port::Ends(end) => (end, true),
        Port::Missing => (host_end, false),
        Port::Impossible => return Host::Deceptive,
    };
    if goes_on_unseen(text, end) || has_user_info(&text[end..]) {
        return Host::Deceptive;
    }
    // A machine of one's own network: only with a port or a path it is more than a word.
    let is_short = labels == 1 && !text[start..host_end].eq_ignore_ascii_case("localhost");
    if is_short && !has_port && !text[end..].starts_with('/') {
        return Host::Missing;
    }
    Host::Ends(end)
}

/// Reads the host of a mail address or of an address without a scheme, of at least so many labels.
pub(super) fn bare(text: &str, start: usize, min_labels: usize) -> Host {
    let (host, labels) = name(text, start);
    let Host::Ends(end) = host else {
        return host;
    };
    let last = text[start..end].rsplit('.').next().unwrap_or_default();
    if labels < min_labels || last.starts_with(|c: char| c.is_ascii_digit()) {
        return Host::Missing;
    }
    match goes_on_unseen(text, end) || text[end..].starts_with(['@', '\\', '%']) {
        true => Host::Deceptive,
        false => Host::Ends(end),
    }
}

/// Where the port that follows a host ends; the host's end when none follows.
pub(super) fn with_port(text: &str, host_end: usize) -> usize {
    match port(text, host_end) {
        Port::Ends(end) => end,
        Port::Missing | Port::Impossible => host_end,
    }
}

fn ipv6(text: &str, start: usize) -> Host {
    let inner = &text[start + 1..];
    match inner.bytes().take(46).position(|byte| byte == b']') {
        Some(length) if inner[..length].parse::<Ipv6Addr>().is_ok() => {
            Host::Ends(start + length + 2)
        }
        _ => Host::Missing,
    }
}

/// Reads a host's name and counts its labels. Text that follows without a space is cut off.
fn name(text: &str, start: usize) -> (Host, usize) {
    let run = text[start..]
        .char_indices()
        .find(|(_, c)| !is_host_char(*c))
        .map_or(&text[start..], |(length, _)| &text[start..start + length]);
    let mut labels = labels(run);
    cut_following_text(run, &mut labels);
    while let Some(last) = labels.last() {
        let label = &run[last.clone()];
        if is_plausible_end(run, label, labels.len()) {
            break;
        }
        // `https://example.com.很好`: a full stop, and the next sentence.
        match labels.len() > 1 && label.starts_with(script::joins_foreign_words) {
            true => labels.pop(),
            false => return (Host::Missing, 0),
        };
    }
    let Some(last) = labels.last() else {
        return (Host::Missing, 0);
    };
    match labels.iter().all(|label| is_honest(&run[label.clone()])) {
        true => (Host::Ends(start + last.end), labels.len()),
        false => (Host::Deceptive, 0),
    }
}

fn is_host_char(c: char) -> bool {
    match c {
        '-' | '.' | '_' => true,
        '\u{ff00}'..='\u{ffef}' => false,
        c => script::is_word(c),
    }
}

/// The labels up to the first empty one, without hyphens at the end of the last.
fn labels(run: &str) -> Vec<Range<usize>> {
    let mut labels = Vec::new();
    let mut start = 0;
    for label in run.split('.') {
        if label.is_empty() {
            break;
        }
        labels.push(start..start + label.len());
        start += label.len() + 1;
    }
    if let Some(last) = labels.last_mut() {
        let trimmed = run[last.clone()].trim_end_matches(['-', '_']);
        last.end = last.start + trimmed.len();
    }
    labels.retain(|label| !label.is_empty());
    labels
}

/// Cuts `example.com这个网站` after `com`. A label of both scripts before the last one is a name (`www.T恤.com`) unless it
/// begins with a top-level domain.
fn cut_following_text(run: &str, labels: &mut Vec<Range<usize>>) {
    for index in 1..labels.len() {
        let label = &run[labels[index].clone()];
        let ascii = label.find(|c: char| !c.is_ascii_alphanumeric());
        let Some(length) = ascii.filter(|length| *length >= 2) else {
            continue;
        };
        let (prefix, tail) = label.split_at(length);
        let follows = |c: char| script::joins_foreign_words(c) || is_right_to_left(c);
        let has_text = tail.trim_start_matches(['-', '_']).starts_with(follows);
        if !has_text
            || prefix.starts_with("xn--")
            || !prefix.bytes().all(|b| b.is_ascii_alphabetic())
        {
            continue;
        }
        let is_last = index + 1 == labels.len();
        let is_after_www = index == 1 && run[labels[0].clone()].eq_ignore_ascii_case("www");
        if is_last || (tlds::is_known(prefix) && !is_after_www) {
            labels[index].end = labels[index].start + length;
            labels.truncate(index + 1);
            return;
        }
    }
    if let Some(last) = labels.last_mut()
        && let Some(length) = tlds::ideographic_prefix(&run[last.clone()])
    {
        last.end = last.start + length;
    }
}

/// Whether a host of so many labels may end with this one.
fn is_plausible_end(run: &str, label: &str, count: usize) -> bool {
    let is_ascii = label.is_ascii();
    if count == 1 {
        return is_ascii && label.starts_with(|c: char| c.is_ascii_alphabetic());
    }
    if is_ascii {
        let is_number = label.bytes().all(|b| b.is_ascii_digit());
        let is_address = is_number && run.starts_with(|c: char| c.is_ascii_digit());
        let is_word = label.len() >= 2 && label.bytes().all(|b| b.is_ascii_alphabetic());
        return is_address || is_word || label.to_ascii_lowercase().starts_with("xn--");
    }
    if label.starts_with(script::joins_foreign_words) {
        return tlds::ideographic_prefix(label) == Some(label.len());
    }
    label.chars().count() >= 2 && !label.chars().any(|c| c.is_ascii_alphabetic())
}

/// Whether a label names the host that people read: no letters that look like Latin ones among Latin ones, and no
/// characters that browsers replace by others.
fn is_honest(label: &str) -> bool {
    if label.is_ascii() {
        return true;
    }
    let has_latin = label.bytes().any(|byte| byte.is_ascii_alphabetic());
    let has_lookalikes = label.chars().any(|c| {
        matches!(
            script::of(c),
            Script::Cyrillic
                | Script::Greek
                | Script::Armenian
                | Script::Cherokee
                | Script::Coptic
                | Script::Lisu
        )
    });
    !(has_latin && has_lookalikes) && label.nfkc().eq(label.nfc())
}

fn is_right_to_left(c: char) -> bool {
    matches!(
        script::of(c),
        Script::Arabic | Script::Hebrew | Script::Syriac | Script::Thaana
    )
}

enum Port {
    Ends(usize),
    Missing,
    Impossible,
}

fn port(text: &str, start: usize) -> Port {
    let Some(rest) = text[start..].strip_prefix(':') else {
        return Port::Missing;
    };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || rest[length..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Port::Missing;
    }
    match rest[..length].parse::<u16>() {
        Ok(_) => Port::Ends(start + 1 + length),
        Err(_) => Port::Impossible,
    }
}

/// Whether the address goes on behind characters that cannot be seen.
fn goes_on_unseen(text: &str, end: usize) -> bool {
    let rest = text[end..].trim_start_matches(script::is_invisible);
    let unseen = &text[end..text.len() - rest.len()];
    if unseen.is_empty() {
        return false;
    }
    let mut chars = rest.chars();
    let goes_on = match (chars.next(), chars.next()) {
        (Some('/' | '@' | '%' | '\\' | '#' | '_'), _) => true,
        (Some('.' | ':' | '-' | '?'), Some(c)) => c.is_ascii_alphanumeric(),
        (Some(c), _) => script::is_word(c) && !script::joins_foreign_words(c),
        (None, _) => false,
    };
    goes_on || unseen.contains(script::starts_bidi_run)
}

/// Whether what stands here makes what was before it a user's name for browsers, or is read as a path by them.
fn has_user_info(rest: &str) -> bool {
    if rest.starts_with(['\\', '%', '\u{ff20}', '\u{fe6b}']) {
        return true;
    }
    let end = rest.find(|c: char| {
        !c.is_ascii_graphic() || matches!(c, '/' | '?' | '#' | '\\' | '<' | '>' | '"' | '@')
    });
    end.is_some_and(|end| rest[end..].starts_with('@'))
}

/// Whether what stands before the path has an `@`.
fn has_user_name(rest: &str) -> bool {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '\\' | '@'));
    end.is_some_and(|end| rest[end..].starts_with('@'))
}

/// Whether a mail address may end with this host.
pub(super) fn takes_mail(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    !tlds::is_file_extension(last)
}
