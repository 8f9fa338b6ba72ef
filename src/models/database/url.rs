//! The database's URL, parsed from `DATABASE_URL`.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::error::{Error, Result};

/// `sqlite://relative.db`, `sqlite:///absolute.db` or `mysql://user:password@host[:port]/name`.
///
/// The client libraries use their default Unix socket for `localhost` and ignore the port. So `localhost` with a port is
/// replaced by 127.0.0.1, unless `?unix_socket=` names a socket; `localhost` alone means the socket.
///
/// Every other form is rejected, because a typing mistake would otherwise name a new SQLite file. `Debug` and `Display`
/// hide the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The file's path.
    Sqlite(PathBuf),
    /// A MySQL or MariaDB server and a database's name.
    Mysql(Url),
}

impl DatabaseUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// `Unavailable` with what is wrong, never with the password.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |problem: &str| {
            Err(Error::Unavailable(format!(
                "DATABASE_URL {problem}; it must be sqlite://file.db, sqlite:///absolute.db or mysql://user:password@host/name"
            )))
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return invalid("has no scheme with ://");
        };
        match scheme {
            "sqlite" if rest.is_empty() => invalid("names no file"),
            "sqlite" if rest.contains(":memory:") || rest.contains('?') => {
                invalid("must name a plain file")
            }
            "sqlite" => Ok(Self::Sqlite(PathBuf::from(rest))),
            "mysql" => {
                let url = Url::parse(text).ok().and_then(normalize_localhost);
                let Some(url) = url else {
                    return invalid("is not a valid URL");
                };
                let name = url.path().trim_start_matches('/');
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-$".contains(c);
                match url.host_str() {
                    None | Some("") => invalid("names no host"),
                    _ if name.is_empty() => invalid("names no database"),
                    _ if !name.chars().all(is_plain) => {
                        invalid("names a database with more than letters, digits, _ - $")
                    }
                    _ => Ok(Self::Mysql(url)),
                }
            }
            _ => invalid("has an unknown scheme"),
        }
    }

    /// Returns the MySQL database's name; empty for SQLite.
    pub fn mysql_name(&self) -> &str {
        match self {
            Self::Sqlite(_) => "",
            Self::Mysql(url) => url.path().trim_start_matches('/'),
        }
    }
}

/// Replaces `localhost` in any spelling as [`DatabaseUrl`] describes. Returns `None` if the URL cannot have a host.
fn normalize_localhost(mut url: Url) -> Option<Url> {
    let host = url.host_str().unwrap_or_default();
    if !host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Some(url);
    }
    let names_socket = url.query_pairs().any(|(key, _)| key == "unix_socket");
    let host = match url.port() {
        Some(_) if !names_socket => "127.0.0.1",
        _ => "localhost",
    };
    url.set_host(Some(host)).ok()?;
    Some(url)
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Mysql(url) => {
                let mut shown = url.clone();
                if shown.password().is_some() {
                    let _ = shown.set_password(Some("***"));
                }
                shown.set_query(None);
                write!(f, "{shown}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_documented_forms_are_accepted() {
        for good in [
            "sqlite://chat.db",
            "sqlite:///var/lib/chat.db",
            "mysql://tea:pot@127.0.0.1/chat",
            "mysql://tea@127.0.0.1:3307/chat",
        ] {
            assert!(DatabaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "chatdb",
            "mysql:chat",
            "sqlite:chat.db",
            "sqlite://",
            "sqlite://:memory:",
            "postgres://tea:pot@127.0.0.1/chat",
            "mysql://",
            "mysql://tea:pot@127.0.0.1",
            "mysql://tea:pot@127.0.0.1/",
            "mysql://tea:pot@127.0.0.1/a/b",
        ] {
            let error = DatabaseUrl::parse(bad).expect_err(bad).to_string();
            assert!(!error.contains("pot"), "{error}");
        }
    }

    #[test]
    fn localhost_with_a_port_means_tcp() {
        for (given, meant) in [
            ("localhost:3307", "127.0.0.1:3307"),
            ("localhost:3306", "127.0.0.1:3306"),
            ("LOCALHOST:3307", "127.0.0.1:3307"),
            ("LocalHost.:3307", "127.0.0.1:3307"),
            ("localhost", "localhost"),
            ("LOCALHOST", "localhost"),
            ("127.0.0.1:3307", "127.0.0.1:3307"),
            ("[::1]:3307", "[::1]:3307"),
            ("[::1]", "[::1]"),
            ("localhost.example.org:3307", "localhost.example.org:3307"),
        ] {
            let url = DatabaseUrl::parse(&format!("mysql://tea@{given}/chat")).expect(given);
            assert_eq!(
                url.to_string(),
                format!("mysql://tea@{meant}/chat"),
                "{given}"
            );
        }
        let url = "mysql://tea@localhost:3307/chat?unix_socket=/run/other.sock";
        let url = DatabaseUrl::parse(url).expect("good");
        assert!(matches!(url, DatabaseUrl::Mysql(url) if url.host_str() == Some("localhost")));
    }

    #[test]
    fn password_is_hidden_when_formatted() {
        let url = DatabaseUrl::parse("mysql://tea:pot@127.0.0.1/chat").expect("good");
        assert_eq!(url.to_string(), "mysql://tea:***@127.0.0.1/chat");
        assert_eq!(format!("{url:?}"), "mysql://tea:***@127.0.0.1/chat");
    }

    proptest! {
        #[test]
        fn password_is_hidden_for_every_input(
            scheme in prop_oneof![Just("mysql://"), Just("sqlite://"), Just("mysql:"), Just("")],
            host in "[a-z0-9.:\\[\\]/]{0,12}",
            rest in "\\PC{0,12}",
        ) {
            let given = format!("{scheme}tea:p4ssw0rd@{host}/{rest}");
            match DatabaseUrl::parse(&given) {
                Ok(url @ DatabaseUrl::Mysql(_)) => {
                    prop_assert!(!url.to_string().contains("p4ssw0rd"), "{}", url);
                    prop_assert!(!url.mysql_name().is_empty());
                }
                Ok(url) => prop_assert_eq!(&DatabaseUrl::parse(&url.to_string())?, &url),
                Err(error) => prop_assert!(!error.to_string().contains("p4ssw0rd")),
            }
        }

        #[test]
        fn any_text_is_parsed_or_rejected(text in any::<String>()) {
            if let Ok(DatabaseUrl::Sqlite(path)) = DatabaseUrl::parse(&text) {
                prop_assert!(!path.as_os_str().is_empty());
            }
        }
    }
}
