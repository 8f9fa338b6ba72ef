//! The identity of a GitHub user.

/// A GitHub account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubAccount {
    /// Stable id.
    pub id: i64,
    /// Login name, which its owner can change.
    pub login: String,
}
