//! What can go wrong, named for what its reader can do about it. How it is answered is decided elsewhere.

pub mod outage;

use std::error::Error as StdError;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A sentence for a person: the id of a message in `locales/` and what it is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The message's id.
    pub id: &'static str,
    /// The values of its variables, by name.
    pub args: Vec<(&'static str, String)>,
}

impl Sentence {
    /// The message with one variable filled in.
    pub fn with(id: &'static str, name: &'static str, value: impl ToString) -> Self {
        Self {
            id,
            args: vec![(name, value.to_string())],
        }
    }
}

impl From<&'static str> for Sentence {
    fn from(id: &'static str) -> Self {
        Self {
            id,
            args: Vec::new(),
        }
    }
}

/// Everything that can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The person can correct these fields.
    #[error("fields to correct")]
    Invalid(Vec<(&'static str, Sentence)>),
    /// The request itself makes no sense.
    #[error("bad request: {}", .0.id)]
    BadRequest(Sentence),
    /// Sign in first.
    #[error("not signed in")]
    Unauthorized,
    /// The person may know of this, but not do it.
    #[error("forbidden")]
    Forbidden,
    /// The person may not, and the sentence says why, and perhaps what to do about it.
    #[error("refused: {}", .0.id)]
    Refused(Sentence),
    /// The other one takes no new conversations from this person.
    #[error("not reachable")]
    Unreachable,
    /// What is said does not reach the other one.
    #[error("not delivered")]
    Blocked,
    /// The answer cannot have the form that was asked for.
    #[error("not acceptable")]
    NotAcceptable,
    /// The request comes from another site's page.
    #[error("cross-origin request")]
    CrossOrigin,
    /// It does not exist, or the person may not know of it.
    #[error("not found")]
    NotFound,
    /// The address exists, but not for this method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The same `clientId` came with other content or for another room.
    #[error("conflict")]
    Conflict,
    /// The body is larger than allowed.
    #[error("payload too large")]
    PayloadTooLarge,
    /// The body's content type is not understood.
    #[error("unsupported media type")]
    UnsupportedMedia,
    /// The address speaks WebSocket (RFC 6455, version 13) alone.
    #[error("upgrade required")]
    UpgradeRequired,
    /// Too much at once; try again after so many seconds.
    #[error("rate limited")]
    RateLimited {
        /// Seconds to wait.
        seconds: u64,
    },
    /// The request's body took too long.
    #[error("the body took too long")]
    TimedOut,
    /// The person has too many sockets and event streams open.
    #[error("too many sockets of one person")]
    TooManySockets,
    /// Too many who are not signed in came from the same address.
    #[error("too many connections from one address")]
    Crowded,
    /// Something we need does not answer; the outcome may be unknown. Try again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Others were writing the same, and nothing was done. Doing it again is all it takes.
    #[error("collided: {0}")]
    Collided(String),
    /// GitHub does not answer, or not as it says it would. Try again, or come in another way.
    #[error("GitHub: {0}")]
    GitHubDown(String),
    /// A fault of ours.
    #[error("internal error: {}", chain(&**.0))]
    Internal(Box<dyn StdError + Send + Sync>),
}

/// An error with all its causes, on one line, each once.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat their cause in their own text.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

impl Error {
    /// One field to correct.
    pub fn field(name: &'static str, sentence: impl Into<Sentence>) -> Self {
        Self::Invalid(vec![(name, sentence.into())])
    }

    /// A fault of ours, with its cause.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Diesel};
        match error {
            Diesel::NotFound => Self::NotFound,
            // Lost connections, time-outs, full disks and failed commits arrive as `Unknown`.
            Diesel::DatabaseError(
                Kind::Unknown
                | Kind::ClosedConnection
                | Kind::ReadOnlyTransaction
                | Kind::UnableToSendCommand,
                info,
            ) => Self::Unavailable(info.message().to_owned()),
            // A unique key that was free a moment ago is another connection's now.
            Diesel::DatabaseError(Kind::SerializationFailure | Kind::UniqueViolation, info) => {
                Self::Collided(info.message().to_owned())
            }
            // The connection was lost at the commit, whose outcome is unknown.
            Diesel::RollbackErrorOnCommit { commit_error, .. } => {
                Self::Unavailable(commit_error.to_string())
            }
            Diesel::BrokenTransactionManager => {
                Self::Unavailable("the connection was lost in a transaction".to_owned())
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
    fn an_internal_error_names_all_its_causes() {
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
