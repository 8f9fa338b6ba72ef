//! Parses the host of a URL, which may be followed by text without a space.

use std::net::Ipv6Addr;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_script::Script;

use super::tlds;
use crate::script;

/// The result of parsing a host or a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    /// A host, with its port if any, that ends at this byte.
    Ends(usize),
    /// No host.
    Missing,
    /// A text that browsers and people read differently. No part of it becomes a link.
    Deceptive,
}

/// Parses the host and port after `https://`.
pub(super) fn after_scheme(text: &str, start: usize) -> Host {
    let rest = &text[start..];
    let (host, labels) = match rest.starts_with('[') {
        true => (ipv6(text, start), 0),
        false => domain(text, start),
    };
    let host_end = match host {
        Host::Ends(host_end) => host_end,
        Host::Missing if has_user_name(rest) => return Host::Deceptive,
        _ => return host,
    };
    let (end, has_port) = match port(text, host_end) {
        Host::Ends(end) => (end, true),
        Host::Missing => (host_end, false),
        Host::Deceptive => return Host::Deceptive,
    };
    if continues_after_invisible(text, end) || has_user_info(&text[end..]) {
        return Host::Deceptive;
    }
    // A host name of a local network counts only with a port or path.
    let is_single_label = labels == 1 && !text[start..host_end].eq_ignore_ascii_case("localhost");
    if is_single_label && !has_port && !text[end..].starts_with('/') {
        return Host::Missing;
    }
    Host::Ends(end)
}

/// Parses the host of a mail address or of a URL without a scheme.
pub(super) fn without_scheme(text: &str, start: usize, min_labels: usize) -> Host {
    let (host, labels) = domain(text, start);
    let Host::Ends(end) = host else {
        return host;
    };
    let last = text[start..end].rsplit('.').next().unwrap_or_default();
    if labels < min_labels || last.starts_with(|c: char| c.is_ascii_digit()) {
        return Host::Missing;
    }
    match continues_after_invisible(text, end) || text[end..].starts_with(['@', '\\', '%']) {
        true => Host::Deceptive,
        false => Host::Ends(end),
    }
}

/// Returns the end of the port after a host, or the host's end if there is none.
pub(super) fn with_port(text: &str, host_end: usize) -> usize {
    match port(text, host_end) {
        Host::Ends(end) => end,
        Host::Missing | Host::Deceptive => host_end,
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

/// Parses a domain name and counts its labels. Excludes text that follows without a space.
fn domain(text: &str, start: usize) -> (Host, usize) {
    let rest = &text[start..];
    let run = &rest[..rest.find(|c| !is_host_char(c)).unwrap_or(rest.len())];
    let mut labels = labels(run);
    cut_following_text(run, &mut labels);
    while let Some(last) = labels.last() {
        let label = &run[last.clone()];
        if is_plausible_last_label(run, label, labels.len()) {
            break;
        }
        // `https://example.com.很好`: a full stop and the next sentence.
        match labels.len() > 1 && label.starts_with(script::attaches_to_foreign_words) {
            true => labels.pop(),
            false => return (Host::Missing, 0),
        };
    }
    let Some(last) = labels.last() else {
        return (Host::Missing, 0);
    };
    match labels
        .iter()
        .all(|label| is_unambiguous(&run[label.clone()]))
    {
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

/// Returns the ranges of the labels before the first empty one, without hyphens at the end of the last.
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

/// Cuts `example.com这个网站` after `com`. A label of mixed scripts before the last one is kept (`www.T恤.com`) unless it begins
/// with a top-level domain.
fn cut_following_text(run: &str, labels: &mut Vec<Range<usize>>) {
    for index in 1..labels.len() {
        let label = &run[labels[index].clone()];
        let ascii = label.find(|c: char| !c.is_ascii_alphanumeric());
        let Some(length) = ascii.filter(|length| *length >= 2) else {
            continue;
        };
        let (prefix, tail) = label.split_at(length);
        let follows = |c: char| script::attaches_to_foreign_words(c) || is_right_to_left(c);
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

/// Returns whether a host of `count` labels may end with `label`.
fn is_plausible_last_label(run: &str, label: &str, count: usize) -> bool {
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
    if label.starts_with(script::attaches_to_foreign_words) {
        return tlds::ideographic_prefix(label) == Some(label.len());
    }
    label.chars().count() >= 2 && !label.chars().any(|c| c.is_ascii_alphabetic())
}

/// Returns whether the label is read as the host it names: it does not mix Latin with lookalike letters, and has no
/// characters that browsers replace.
fn is_unambiguous(label: &str) -> bool {
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

/// Parses the port after a host. Ports out of range are deceptive.
fn port(text: &str, start: usize) -> Host {
    let Some(rest) = text[start..].strip_prefix(':') else {
        return Host::Missing;
    };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || rest[length..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Host::Missing;
    }
    match rest[..length].parse::<u16>() {
        Ok(_) => Host::Ends(start + 1 + length),
        Err(_) => Host::Deceptive,
    }
}

/// Returns whether the URL continues after invisible characters.
fn continues_after_invisible(text: &str, end: usize) -> bool {
    let rest = text[end..].trim_start_matches(script::is_invisible);
    let invisible = &text[end..text.len() - rest.len()];
    if invisible.is_empty() {
        return false;
    }
    let mut chars = rest.chars();
    let continues = match (chars.next(), chars.next()) {
        (Some('/' | '@' | '%' | '\\' | '#' | '_'), _) => true,
        (Some('.' | ':' | '-' | '?'), Some(c)) => c.is_ascii_alphanumeric(),
        (Some(c), _) => script::is_word(c) && !script::attaches_to_foreign_words(c),
        (None, _) => false,
    };
    continues || invisible.contains(script::starts_bidi_run)
}

/// Returns whether browsers would take the text before `rest` for user info, or `rest` for a path.
fn has_user_info(rest: &str) -> bool {
    if rest.starts_with(['\\', '%', '\u{ff20}', '\u{fe6b}']) {
        return true;
    }
    let end = rest.find(|c: char| {
        !c.is_ascii_graphic() || matches!(c, '/' | '?' | '#' | '\\' | '<' | '>' | '"' | '@')
    });
    end.is_some_and(|end| rest[end..].starts_with('@'))
}

/// Returns whether there is an `@` before the path.
fn has_user_name(rest: &str) -> bool {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '\\' | '@'));
    end.is_some_and(|end| rest[end..].starts_with('@'))
}

/// Returns whether the host can belong to a mail address rather than to a file name.
pub(super) fn is_mail_host(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    !tlds::is_file_extension(last)
}
