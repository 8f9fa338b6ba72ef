//! Command-line options.

use clap::Args;

/// Talk in a terminal, or from a script
#[derive(Debug, Args)]
pub struct Options {
    /// The server, as a browser would address it
    #[arg(long, default_value = "http://localhost:8080")]
    pub(crate) url: String,
    /// Who you are; the password is asked for, or taken from TEAHOUSE_PASSWORD
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) phone: Option<String>,
    /// The country of a phone number without `+`, such as CN
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Sign in with this instead (POST /api/login gives one); other users of this machine can see arguments
    #[arg(
        long,
        env = "TEAHOUSE_TOKEN",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub(crate) token: Option<String>,
    /// The room to begin in, by name or number [default: the Lobby]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) room: Option<String>,
    /// Say this and end when it is stored
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) say: Option<String>,
    /// With --say: to whom directly, by username or phone number
    #[arg(
        long,
        requires = "say",
        conflicts_with = "room",
        allow_hyphen_values = true,
        value_name = "USERNAME|PHONE"
    )]
    pub(crate) to: Option<String>,
    /// For scripts: JSON frames (docs/protocol.md), one per line, both ways
    #[arg(long)]
    pub(crate) json: bool,
}
