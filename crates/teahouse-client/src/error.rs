//! The error that ends the client.

/// The result of an operation of the client.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the client ends early; its text is one sentence for standard error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A sentence in the user's language, from this client or from the server.
    #[error("{0}")]
    Message(String),
    /// The operating system or the runtime failed.
    #[error("internal error: {0}")]
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}
