//! Command-line options.

use clap::Args;

/// Chat in a terminal, or from a script
#[derive(Debug, Args)]
pub struct Options {
    /// The server's URL, as in a browser
    #[arg(long, default_value = "http://localhost:8080")]
    pub(crate) url: String,
    /// The phone number to sign in with; the password is asked for, or taken from TEAHOUSE_PASSWORD
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) phone: Option<String>,
    /// The country of a phone number without `+`, such as CN
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// An API token to use instead of a password (from POST /api/login); other users of this machine can see arguments,
    /// so rather set the variable
    #[arg(
        long,
        env = "TEAHOUSE_TOKEN",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub(crate) token: Option<String>,
    /// The room to open first, by name or ID [default: the Lobby]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) room: Option<String>,
    /// Send this message, and exit once it is stored
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) say: Option<String>,
    /// With --say: the user to send it to as a direct message, by username or phone number
    #[arg(
        long,
        requires = "say",
        conflicts_with = "room",
        allow_hyphen_values = true,
        value_name = "USERNAME|PHONE"
    )]
    pub(crate) to: Option<String>,
    /// For scripts: JSON frames (docs/protocol.md), one per line, on standard input and output
    #[arg(long)]
    pub(crate) json: bool,
}
