//! How a connection is ended from outside.

/// Why and how a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Termination {
    /// Resets the connection and discards all unsent bytes, also the kernel's.
    Reset,
    /// Closes an idle connection.
    Close,
    /// Sends 408.
    RequestTimeout,
    /// Sends 429.
    TooManyConnections,
}
