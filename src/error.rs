//! The program's error type. Variants are named for what the caller can do; `controllers/errors.rs` maps them to HTTP.

pub mod outage;

use std::error::Error as StdError;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A text for the user: the id of a message in `locales/` and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalizedMessage {
    /// The message id.
    pub id: &'static str,
    /// Names and values of the message's variables.
    pub args: Vec<(&'static str, String)>,
}

impl LocalizedMessage {
    /// Creates a message with one argument.
    pub fn with(id: &'static str, name: &'static str, value: impl ToString) -> Self {
        Self {
            id,
            args: vec![(name, value.to_string())],
        }
    }
}

impl From<&'static str> for LocalizedMessage {
    fn from(id: &'static str) -> Self {
        Self {
            id,
            args: Vec::new(),
        }
    }
}

/// Any failure of the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input fields by name, each with what the user should correct (422).
    #[error("invalid input")]
    Invalid(Vec<(&'static str, LocalizedMessage)>),
    /// The request is malformed.
    #[error("bad request: {}", .0.id)]
    BadRequest(LocalizedMessage),
    /// The request needs a session.
    #[error("not signed in")]
    Unauthorized,
    /// The user may see the resource but not do this with it.
    #[error("forbidden")]
    Forbidden,
    /// Like [`Error::Forbidden`], with a reason for the user.
    #[error("forbidden: {}", .0.id)]
    ForbiddenBecause(LocalizedMessage),
    /// The recipient accepts no new conversations from this user.
    #[error("not reachable")]
    Unreachable,
    /// The other member blocked the sender, or deleted their account.
    #[error("blocked")]
    Blocked,
    /// No representation matches the `Accept` header.
    #[error("not acceptable")]
    NotAcceptable,
    /// The request comes from a page of another origin.
    #[error("cross-origin request")]
    CrossOrigin,
    /// The resource does not exist, or the user may not know that it does.
    #[error("not found")]
    NotFound,
    /// The route exists, but not with this method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The `clientId` was already used with other content or in another room.
    #[error("conflict")]
    Conflict,
    /// The request body exceeds the limit.
    #[error("payload too large")]
    PayloadTooLarge,
    /// The request body has an unsupported content type.
    #[error("unsupported media type")]
    UnsupportedMedia,
    /// The route accepts only WebSocket (RFC 6455, version 13) upgrades.
    #[error("upgrade required")]
    UpgradeRequired,
    /// A rate limit is exceeded.
    #[error("rate limited")]
    RateLimited {
        /// Seconds until the next attempt is allowed.
        seconds: u64,
    },
    /// The request body did not arrive in time.
    #[error("request body timed out")]
    TimedOut,
    /// The user has too many WebSockets and event streams open.
    #[error("too many sockets for one user")]
    TooManySockets,
    /// Too many connections without a session from one IP address.
    #[error("too many connections from one address")]
    TooManyConnections,
    /// The database or another dependency failed. The outcome may be unknown; retry.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The transaction conflicted with a concurrent one and was rolled back; retry.
    #[error("serialization failure: {0}")]
    SerializationFailure(String),
    /// GitHub is unreachable or returned an unexpected response.
    #[error("GitHub: {0}")]
    GitHubDown(String),
    /// A bug or a failure that no caller can handle.
    #[error("internal error: {}", chain(&**.0))]
    Internal(Box<dyn StdError + Send + Sync>),
}

/// Formats an error and its sources on one line, omitting repeated text.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries include the source in their own message.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

impl Error {
    /// Creates an [`Error::Invalid`] for one field.
    pub fn field(name: &'static str, message: impl Into<LocalizedMessage>) -> Self {
        Self::Invalid(vec![(name, message.into())])
    }

    /// Returns the cause of an `Unavailable` without the variant's prefix.
    pub fn into_cause(self) -> String {
        match self {
            Self::Unavailable(cause) => cause,
            other => other.to_string(),
        }
    }

    /// Creates an [`Error::Internal`].
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Diesel};
        match error {
            Diesel::NotFound => Self::NotFound,
            // Diesel reports lost connections, timeouts, full disks and failed commits as `Unknown`.
            Diesel::DatabaseError(
                Kind::Unknown
                | Kind::ClosedConnection
                | Kind::ReadOnlyTransaction
                | Kind::UnableToSendCommand,
                info,
            ) => Self::Unavailable(info.message().to_owned()),
            // A concurrent transaction inserted the same unique key after this one had checked it.
            Diesel::DatabaseError(Kind::SerializationFailure | Kind::UniqueViolation, info) => {
                Self::SerializationFailure(info.message().to_owned())
            }
            // The connection was lost during the commit, so its outcome is unknown.
            Diesel::RollbackErrorOnCommit { commit_error, .. } => {
                Self::Unavailable(commit_error.to_string())
            }
            Diesel::BrokenTransactionManager => {
                Self::Unavailable("connection lost during a transaction".to_owned())
            }
            other => Self::internal(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
        let (text, rest) = texts.split_first()?;
        let source = layers(rest);
        Some(Box::new(Layer { text, source }))
    }

    #[test]
    fn internal_error_prints_each_cause_once() {
        for (texts, wanted) in [
            (&["one"][..], "internal error: one"),
            (&["one", "two", "three"], "internal error: one: two: three"),
            (
                &["one: two", "two", "three"],
                "internal error: one: two: three",
            ),
            (&["on\ntwo  lines"], "internal error: on two lines"),
        ] {
            let error = Error::internal(layers(texts).expect("at least one"));
            assert_eq!(error.to_string(), wanted);
        }
    }
}
