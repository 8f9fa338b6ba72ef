//! Validation of `PUBLIC_ORIGIN`: scheme, host and non-default port, serialized as browsers do, because it is compared
//! byte by byte with the `Origin` header.

use url::{Host, Url};

/// Checks an origin. The empty string is valid and means that none is set.
pub(super) fn check(origin: &str) -> Result<(), String> {
    let example = "such as https://chat.example.org";
    let broken = |rule: &str| Err(format!("PUBLIC_ORIGIN {rule}"));
    if origin.is_empty() {
        return Ok(());
    }
    if origin.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return broken("must not contain spaces, tabs or line breaks");
    }
    if origin.contains(',') {
        return broken("must be a single origin: redirect other addresses to it");
    }
    let Some((scheme, rest)) = origin.split_once("://") else {
        return broken(&format!("must begin with https:// or http://, {example}"));
    };
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return broken(&format!(
            "must begin with https:// or http://, not with {scheme}://"
        ));
    }
    if rest.contains('\\') {
        return broken("must not contain a backslash");
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    if authority.contains('@') {
        return broken("must not contain a user name or password: remove everything up to the @");
    }
    if authority.is_empty() || authority.starts_with(':') {
        return broken(&format!("must name a host after {scheme}://, {example}"));
    }
    check_end(after).or_else(|rule| broken(&rule))?;
    let port = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'));
    match port {
        Some((_, "")) => return broken("must have a port after the last colon, or no colon"),
        Some((_, port)) if port.parse::<u16>().is_err() => {
            return broken(&format!("must have a port from 0 to 65535, not {port}"));
        }
        _ => {}
    }
    let url = match Url::parse(origin) {
        Ok(url) => url,
        Err(error) => return broken(&format!("has an invalid host: {error}")),
    };
    if matches!(url.host(), Some(Host::Domain(name)) if name.ends_with('.')) {
        return broken("must not end with a dot after the host");
    }
    let canonical = url.origin().ascii_serialization();
    match canonical == origin {
        true => Ok(()),
        false => broken(&format!(
            "must be written as browsers send it: {canonical} (lower case, no default port, punycode)"
        )),
    }
}

fn check_end(after: &str) -> Result<(), String> {
    let rule = match after.as_bytes() {
        [] => return Ok(()),
        [b'/'] => "must not end with a slash: remove it",
        [b'/', ..] => {
            let path = after.split(['?', '#']).next().unwrap_or_default();
            let rule =
                "must not contain a path, because Teahouse serves the root of its host: remove";
            return Err(match path {
                "/" => format!("must end after the host: remove {after}"),
                path => format!("{rule} {path}"),
            });
        }
        [b'?', ..] => "must not contain a query: remove the question mark and what follows",
        _ => "must not contain a fragment: remove the # and what follows",
    };
    Err(rule.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_rule_has_its_own_error() {
        for (origin, sentence) in [
            ("chat.example.org", "http://, such as https://"),
            ("chat.example.org:8443", "http://, such as https://"),
            ("//chat.example.org", "http://, such as https://"),
            ("ftp://chat.example.org", "not with ftp://"),
            ("wss://chat.example.org", "not with wss://"),
            ("https://", "must name a host"),
            ("https:///chat", "must name a host"),
            ("https://:8443", "must name a host"),
            ("https://me@chat.example.org", "user name"),
            ("https://me:secret@chat.example.org", "user name"),
            ("https://chat.example.org/", "must not end with a slash"),
            ("https://chat.example.org/chat", "must not contain a path"),
            ("https://chat.example.org/chat/", "must not contain a path"),
            ("https://chat.example.org/a?b", "must not contain a path"),
            ("https://chat.example.org/?a=b", "must end after the host"),
            ("https://chat.example.org?a=b", "must not contain a query"),
            ("https://chat.example.org?", "must not contain a query"),
            ("https://chat.example.org#top", "contain a fragment"),
            ("https://chat.example.org:", "a port after the last"),
            ("https://chat.example.org:x", "from 0 to 65535"),
            ("https://chat.example.org:65536", "from 0 to 65535"),
            (
                "https://chat.example.org:443",
                "it: https://chat.example.org (",
            ),
            (
                "http://chat.example.org:80",
                "it: http://chat.example.org (",
            ),
            ("https://Chat.Example.org", "it: https://chat.example.org ("),
            ("HTTPS://chat.example.org", "it: https://chat.example.org ("),
            ("https://茶.example", "send it: https://xn--"),
            ("https://chat.example.org.", "must not end with a dot"),
            ("https://chat example.org", "spaces"),
            (" https://chat.example.org", "spaces"),
            ("https://chat.example.org\n", "line breaks"),
            ("https://a.example,https://b.example", "a single origin"),
            ("https://chat.example.org\\x", "backslash"),
            ("https://[::1", "an invalid host"),
            ("https://a_b|c", "an invalid host"),
            ("https://::1", "must name a host"),
        ] {
            let error = check(origin).expect_err(origin);
            assert!(error.contains(sentence), "{origin}: {error}");
            assert!(error.starts_with("PUBLIC_ORIGIN "), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn valid_origins_are_accepted() {
        for origin in [
            "",
            "https://chat.example.org",
            "https://chat.example.org:8443",
            "http://localhost:8080",
            "http://192.168.1.7",
            "http://[::1]:8080",
            "https://xn--fiq228c.example",
        ] {
            assert_eq!(check(origin), Ok(()), "{origin}");
        }
    }
}
