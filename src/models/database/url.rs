//! Which database to use, parsed from `DATABASE_URL`.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::error::{Error, Result};

/// `sqlite://relative.db`, `sqlite:///absolute.db` or `mysql://user:password@host[:port]/name`.
///
/// The client libraries go through their default Unix socket for `localhost`, whatever the port. So a port beside
/// `localhost` becomes 127.0.0.1, unless `?unix_socket=` names a socket; `localhost` alone stays the socket.
///
/// Every other form is refused: left to guess, a typing mistake would become the name of a new SQLite file.
/// `Debug` and `Display` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The file's path.
    Sqlite(PathBuf),
    /// A MySQL or MariaDB server and the database's name there.
    Mysql(Url),
}

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// `Unavailable` with a sentence that says what is wrong and repeats no password.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |why: &str| {
            Err(Error::Unavailable(format!(
                "DATABASE_URL {why}; it must be sqlite://file.db, sqlite:///absolute.db or mysql://user:password@host/name"
            )))
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return refused("has no scheme with ://");
        };
        match scheme {
            "sqlite" if rest.is_empty() => refused("names no file"),
            "sqlite" if rest.contains(":memory:") || rest.contains('?') => {
                refused("must name a plain file")
            }
            "sqlite" => Ok(Self::Sqlite(PathBuf::from(rest))),
            "mysql" => {
                let Ok(mut url) = Url::parse(text) else {
                    return refused("cannot be read");
                };
                if require_one_address(&mut url).is_none() {
                    return refused("cannot be read");
                }
                let name = url.path().trim_start_matches('/');
                if url.host_str().is_none_or(str::is_empty) {
                    refused("names no host")
                } else if name.is_empty() {
                    refused("names no database")
                } else if !name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-$".contains(c))
                {
                    refused("names a database with more than letters, digits, _ - $")
                } else {
                    Ok(Self::Mysql(url))
                }
            }
            _ => refused("has an unknown scheme"),
        }
    }

    /// The MySQL database's name, as the server knows it; empty for SQLite.
    pub fn mysql_name(&self) -> &str {
        match self {
            Self::Sqlite(_) => "",
            Self::Mysql(url) => url.path().trim_start_matches('/'),
        }
    }
}

/// Gives `localhost` in any spelling the meaning that [`DatabaseUrl`] describes. `None` when the URL takes no host.
fn require_one_address(url: &mut Url) -> Option<()> {
    let host = url.host_str().unwrap_or_default();
    if !host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Some(());
    }
    let names_socket = url.query_pairs().any(|(key, _)| key == "unix_socket");
    let host = match url.port() {
        Some(_) if !names_socket => "127.0.0.1",
        _ => "localhost",
    };
    url.set_host(Some(host)).ok()
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
    fn only_the_documented_forms_are_taken() {
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
            let refusal = DatabaseUrl::parse(bad).expect_err(bad).to_string();
            assert!(!refusal.contains("pot"), "{refusal}");
        }
    }

    #[test]
    fn port_beside_localhost_means_tcp() {
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
    fn the_password_is_never_shown() {
        let url = DatabaseUrl::parse("mysql://tea:pot@127.0.0.1/chat").expect("good");
        assert_eq!(url.to_string(), "mysql://tea:***@127.0.0.1/chat");
        assert_eq!(format!("{url:?}"), "mysql://tea:***@127.0.0.1/chat");
    }

    proptest! {
        #[test]
        fn whatever_is_given_no_password_is_shown(
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
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Ok(DatabaseUrl::Sqlite(path)) = DatabaseUrl::parse(&text) {
                prop_assert!(!path.as_os_str().is_empty());
            }
        }
    }
}
