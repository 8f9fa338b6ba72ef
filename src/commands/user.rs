//! `teahouse user`: who may come in, and as what. A running server heeds it within seconds.

use std::io::{self, IsTerminal};

use clap::{Subcommand, ValueEnum};

use super::print;
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::{Kind, Origin};
use crate::models::auth::session;
use crate::models::database::connection::DbConn;
use crate::models::rfc3339;
use crate::models::user::moderation::Listed;
use crate::models::user::{ACTIVE, ADMIN, BANNED, DEACTIVATED, MEMBER, User};
use crate::models::values::password::{MAX_CHARS, MIN_CHARS, Password};
use crate::models::values::phone_number::{PhoneNumber, masked};
use crate::models::values::username::Username;

/// What to do. `<WHO>` is a username, or a phone number; `accounts.region` says where one without + is dialled.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List everybody: id, username, role, status, phone number (masked), last seen
    List,
    /// Sign somebody out everywhere and let them in no more
    Ban {
        /// Username, or phone number (without +: of the configured country)
        #[arg(allow_hyphen_values = true)]
        who: String,
    },
    /// Let somebody in again who was banned or deactivated
    #[command(visible_alias = "activate")]
    Unban {
        /// Username, or phone number (without +: of the configured country)
        #[arg(allow_hyphen_values = true)]
        who: String,
    },
    /// Sign somebody out everywhere who has left
    Deactivate {
        /// Username, or phone number (without +: of the configured country)
        #[arg(allow_hyphen_values = true)]
        who: String,
    },
    /// End all sessions of somebody
    SignOut {
        /// Username, or phone number (without +: of the configured country)
        #[arg(allow_hyphen_values = true)]
        who: String,
    },
    /// Make somebody an admin or a member
    Role {
        /// Username, or phone number (without +: of the configured country)
        #[arg(allow_hyphen_values = true)]
        who: String,
        /// As what
        role: Role,
    },
    /// Give somebody a new password (asked for, or one line of standard input) and end all their sessions
    ResetPassword {
        /// Username, or phone number (without +: of the configured country)
        #[arg(allow_hyphen_values = true)]
        who: String,
    },
}

/// What somebody can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Like everybody else
    Member,
    /// Keeps order
    Admin,
}

/// Does it, and says in one line that it is done. A number without `+` is read in `region` (ISO 3166-1 alpha-2).
///
/// # Errors
/// `Unavailable` with one sentence about what kept it from being done.
pub fn run(conn: &mut DbConn, command: Command, region: &str) -> Result<()> {
    let find = |conn: &mut DbConn, who: &str| find(conn, who, region);
    match command {
        Command::List => list(conn),
        Command::Ban { who } => {
            let user = find(conn, &who)?;
            stop(conn, user, BANNED)
        }
        Command::Deactivate { who } => {
            let user = find(conn, &who)?;
            stop(conn, user, DEACTIVATED)
        }
        Command::Unban { who } => {
            let user = find(conn, &who)?;
            conn.write(|conn| {
                User::set_status(conn, user.id, ACTIVE)?;
                note(conn, Kind::Unbanned, &user)
            })?;
            say(&format!("{} is active", user.username))
        }
        Command::SignOut { who } => {
            let user = find(conn, &who)?;
            let ended = conn.write(|conn| {
                let ended = session::end_all(conn, user.id, None)?;
                note(conn, Kind::SessionsEnded, &user)?;
                Ok(ended)
            })?;
            say(&format!(
                "{} is signed out: {ended} sessions ended",
                user.username
            ))
        }
        Command::Role { who, role } => {
            let user = find(conn, &who)?;
            appoint(conn, user, role)
        }
        Command::ResetPassword { who } => {
            let user = find(conn, &who)?;
            reset_password(conn, user)
        }
    }
}

fn find(conn: &mut DbConn, who: &str, region: &str) -> Result<User> {
    User::named_in(conn, who, region).map_err(|error| match error {
        Error::NotFound => Error::Unavailable(format!("nobody is called {who}")),
        other => other,
    })
}

/// What the model refuses for the sake of the last admin, as a sentence.
fn explain(error: Error, user: &User) -> Error {
    match error {
        Error::Forbidden => Error::Unavailable(format!(
            "{} is the last active admin: make somebody else admin first",
            user.username
        )),
        other => other,
    }
}

fn stop(conn: &mut DbConn, user: User, status: &str) -> Result<()> {
    let ended = conn
        .write(|conn| {
            let ended = User::set_status(conn, user.id, status)?;
            let is_ban = status == BANNED;
            let kind = if is_ban {
                Kind::Banned
            } else {
                Kind::Deactivated
            };
            note(conn, kind, &user)?;
            Ok(ended)
        })
        .map_err(|error| explain(error, &user))?;
    say(&format!(
        "{} is {status}: {ended} sessions ended",
        user.username
    ))
}

fn appoint(conn: &mut DbConn, user: User, role: Role) -> Result<()> {
    let name = match role {
        Role::Member => MEMBER,
        Role::Admin => ADMIN,
    };
    conn.write(|conn| {
        User::set_role(conn, user.id, name)?;
        note(conn, Kind::RoleChanged, &user)
    })
    .map_err(|error| explain(error, &user))?;
    say(&format!("{} is {name}", user.username))
}

fn reset_password(conn: &mut DbConn, user: User) -> Result<()> {
    let typed = ask_password()?;
    let password = fitting(conn, &user, &typed)?;
    let hash = password.hash()?;
    let ended = conn.write(|conn| {
        let ended = User::set_password(conn, user.id, &hash, None)?;
        note(conn, Kind::PasswordReset, &user)?;
        Ok(ended)
    })?;
    say(&format!(
        "{} has a new password: {ended} sessions ended",
        user.username
    ))
}

/// The password, if it may be this person's.
fn fitting(conn: &mut DbConn, user: &User, typed: &str) -> Result<Password> {
    let phone = User::phone(conn, user.id)?.map(PhoneNumber::from_stored);
    let fits = Password::parse(typed).and_then(|password| {
        let name = Username::from_stored(user.username.clone());
        password.require_unlike(phone.as_ref(), &name)?;
        Ok(password)
    });
    fits.map_err(|error| match error {
        Error::Invalid(fields) => Error::Unavailable(match fields[0].1.id {
            "error-password-common" => "everybody tries this password first".to_owned(),
            "error-password-characters" => {
                "a password has no control characters or invisible ones".to_owned()
            }
            "error-password-own" => "this is their own name or number".to_owned(),
            _ => format!("a password has {MIN_CHARS} to {MAX_CHARS} characters"),
        }),
        other => other,
    })
}

/// Writes down what was done to somebody here.
fn note(conn: &mut DbConn, kind: Kind, user: &User) -> Result<()> {
    security_event::record(conn, kind, user.id, &Origin::command_line())
}

/// Asked twice where somebody types; one line where nobody does.
fn ask_password() -> Result<String> {
    let unread = |error: io::Error| Error::Unavailable(format!("no password was read: {error}"));
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map_err(unread)?;
        return Ok(line.trim_end_matches(['\n', '\r']).to_owned());
    }
    let typed = rpassword::prompt_password("New password: ").map_err(unread)?;
    let again = rpassword::prompt_password("Once more: ").map_err(unread)?;
    if typed == again {
        Ok(typed)
    } else {
        Err(Error::Unavailable("the two were not the same".into()))
    }
}

fn list(conn: &mut DbConn) -> Result<()> {
    let mut lines = String::from("id\tusername\trole\tstatus\tphone\tlast seen\n");
    for Listed {
        user,
        phone,
        seen_at,
    } in User::list(conn)?
    {
        let phone = phone.map_or_else(|| "-".to_owned(), |phone| masked(&phone));
        let seen_at = seen_at.map_or_else(|| "-".to_owned(), rfc3339);
        lines += &format!(
            "{}\t{}\t{}\t{}\t{phone}\t{seen_at}\n",
            user.id, user.username, user.role, user.status
        );
    }
    print(&lines)
}

fn say(line: &str) -> Result<()> {
    print(&format!("{line}\n"))
}
