//! `teahouse user`: manages accounts. Running servers apply the change within seconds.

use std::io::{self, IsTerminal};

use clap::{Args, Subcommand, ValueEnum};

use super::print;
use crate::error::{Error, Result};
use crate::models::auth::security_event::{self, ClientInfo, SecurityEventKind};
use crate::models::auth::session;
use crate::models::database::connection::DbConn;
use crate::models::rfc3339;
use crate::models::user::User;
use crate::models::values::password::{MAX_CHARS, MIN_CHARS, Password};
use crate::models::values::user_status::{Role, Status};
use crate::models::values::username::Username;

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List users: id, username, role, status, phone number (masked), last seen
    List,
    /// Ban a user and end all their sessions
    Ban(Who),
    /// Reactivate a banned or deactivated user
    #[command(visible_alias = "activate")]
    Unban(Who),
    /// Deactivate a user who has left and end all their sessions
    Deactivate(Who),
    /// End all sessions of a user
    SignOut(Who),
    /// Change a user's role
    Role {
        /// Username or phone number
        #[command(flatten)]
        who: Who,
        /// The new role
        role: RoleArgument,
    },
    /// Set a user's password (prompted for, or one line of standard input) and end all their sessions
    ResetPassword(Who),
}

/// The user that a subcommand is about.
#[derive(Debug, Args)]
pub struct Who {
    /// Username or phone number (without +: of the configured country)
    #[arg(allow_hyphen_values = true)]
    who: String,
}

/// A role given on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArgument {
    /// No special rights
    Member,
    /// May moderate and manage users
    Admin,
}

/// Runs a subcommand and prints its outcome in one line. Phone numbers without `+` are read in `region`
/// (ISO 3166-1 alpha-2).
pub fn run(conn: &mut DbConn, command: Command, region: &str) -> Result<()> {
    let outcome = match command {
        Command::List => return list(conn),
        Command::Ban(who) => exclude(&who.find(conn, region)?, conn, Status::Banned)?,
        Command::Deactivate(who) => exclude(&who.find(conn, region)?, conn, Status::Deactivated)?,
        Command::Unban(who) => unban(&who.find(conn, region)?, conn)?,
        Command::SignOut(who) => sign_out(&who.find(conn, region)?, conn)?,
        Command::Role { who, role } => set_role(&who.find(conn, region)?, conn, role)?,
        Command::ResetPassword(who) => reset_password(&who.find(conn, region)?, conn)?,
    };
    print(&format!("{outcome}\n"))
}

impl Who {
    fn find(&self, conn: &mut DbConn, region: &str) -> Result<User> {
        let Self { who } = self;
        User::find_by_username_or_phone(conn, who, region).map_err(|error| match error {
            Error::NotFound => Error::Unavailable(format!("no such user: {who}")),
            other => other,
        })
    }
}

/// Explains why the last active admin can be neither excluded nor made a member.
fn explain_last_admin(error: Error, user: &User) -> Error {
    match error {
        Error::Forbidden => Error::Unavailable(format!(
            "{} is the last active admin; make another user admin first",
            user.username
        )),
        other => other,
    }
}

fn exclude(user: &User, conn: &mut DbConn, status: Status) -> Result<String> {
    let kind = match status {
        Status::Banned => SecurityEventKind::Banned,
        _ => SecurityEventKind::Deactivated,
    };
    let ended = conn.write(|conn| {
        let ended = User::set_status(conn, user.id, status)?;
        record_event(conn, kind, user)?;
        Ok(ended)
    });
    let ended = ended.map_err(|error| explain_last_admin(error, user))?;
    Ok(format!(
        "{} is {status}: {ended} sessions ended",
        user.username
    ))
}

fn unban(user: &User, conn: &mut DbConn) -> Result<String> {
    conn.write(|conn| {
        User::set_status(conn, user.id, Status::Active)?;
        record_event(conn, SecurityEventKind::Unbanned, user)
    })?;
    Ok(format!("{} is active", user.username))
}

fn sign_out(user: &User, conn: &mut DbConn) -> Result<String> {
    let ended = conn.write(|conn| {
        let ended = session::end_all(conn, user.id, None)?;
        record_event(conn, SecurityEventKind::SessionsEnded, user)?;
        Ok(ended)
    })?;
    let name = &user.username;
    Ok(format!("{name} is signed out: {ended} sessions ended"))
}

fn set_role(user: &User, conn: &mut DbConn, role: RoleArgument) -> Result<String> {
    let role = match role {
        RoleArgument::Member => Role::Member,
        RoleArgument::Admin => Role::Admin,
    };
    let changed = conn.write(|conn| {
        User::set_role(conn, user.id, role)?;
        record_event(conn, SecurityEventKind::RoleChanged, user)
    });
    changed.map_err(|error| explain_last_admin(error, user))?;
    Ok(format!("{} is {role}", user.username))
}

fn reset_password(user: &User, conn: &mut DbConn) -> Result<String> {
    let typed = read_password()?;
    let hash = valid_password(conn, user, &typed)?.hash()?;
    let ended = conn.write(|conn| {
        let ended = User::set_password(conn, user.id, &hash, None)?;
        record_event(conn, SecurityEventKind::PasswordReset, user)?;
        Ok(ended)
    })?;
    let name = &user.username;
    Ok(format!("{name} has a new password: {ended} sessions ended"))
}

/// Validates a password against the rules that hold for this user.
fn valid_password(conn: &mut DbConn, user: &User, typed: &str) -> Result<Password> {
    let phone = User::phone(conn, user.id)?;
    let parsed = Password::parse(typed).and_then(|password| {
        let name = Username::from_stored(user.username.clone());
        password.require_unlike(phone.as_ref(), &name)?;
        Ok(password)
    });
    parsed.map_err(|error| match error {
        Error::Invalid(fields) => Error::Unavailable(match fields[0].1.id {
            "error-password-common" => "this password is too common".to_owned(),
            "error-password-characters" => {
                "a password must not contain control or invisible characters".to_owned()
            }
            "error-password-own" => {
                "a password must not be the user's own name or number".to_owned()
            }
            _ => format!("a password must have {MIN_CHARS} to {MAX_CHARS} characters"),
        }),
        other => other,
    })
}

fn record_event(conn: &mut DbConn, kind: SecurityEventKind, user: &User) -> Result<()> {
    security_event::record(conn, kind, user.id, &ClientInfo::command_line())
}

/// Prompts twice on a terminal; otherwise reads one line of standard input.
fn read_password() -> Result<String> {
    let failed =
        |error: io::Error| Error::Unavailable(format!("cannot read the password: {error}"));
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map_err(failed)?;
        return Ok(line.trim_end_matches(['\n', '\r']).to_owned());
    }
    let typed = rpassword::prompt_password("New password: ").map_err(failed)?;
    let again = rpassword::prompt_password("Repeat it: ").map_err(failed)?;
    if typed == again {
        Ok(typed)
    } else {
        Err(Error::Unavailable("the passwords do not match".into()))
    }
}

fn list(conn: &mut DbConn) -> Result<()> {
    let mut lines = String::from("id\tusername\trole\tstatus\tphone\tlast seen\n");
    for listed in User::list(conn)? {
        let user = listed.user;
        let phone = listed.phone.map_or("-".to_owned(), |phone| phone.masked());
        let seen_at = listed.seen_at.map_or("-".to_owned(), rfc3339);
        lines += &format!(
            "{}\t{}\t{}\t{}\t{phone}\t{seen_at}\n",
            user.id, user.username, user.role, user.status
        );
    }
    print(&lines)
}
