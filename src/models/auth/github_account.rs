//! Accounts at GitHub, and whose they are here.

use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::schema::users;
use crate::models::user::User;
use crate::models::user::registration::{Credential, Registration, RegistrationPolicy};
use crate::models::values::username;
use crate::models::values::username::Username;

/// So many names that are made of one are tried before its number makes one.
const TRIES: i64 = 50;

/// An account at GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number, which never changes.
    pub id: i64,
    /// Its name, which may.
    pub login: String,
}

/// What opens the door to somebody.
#[derive(Debug, Clone)]
pub struct WaysIn {
    /// Their number.
    pub phone: Option<String>,
    /// Whether they have a password.
    pub has_password: bool,
    /// The name of their account at GitHub.
    pub github: Option<String>,
}

impl WaysIn {
    /// Whether they can come in without GitHub.
    pub fn has_another(&self) -> bool {
        self.phone.is_some() && self.has_password
    }
}

/// Somebody comes in by GitHub.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// As whom.
    pub account: Account,
    /// Who may register.
    pub policy: RegistrationPolicy,
    /// The invite that they come with.
    pub invite: Option<i64>,
    /// Whether they may be the first person of all.
    pub may_be_first: bool,
}

impl User {
    /// Whether it is anybody's account.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn is_github_known(conn: &mut DbConn, account: &Account) -> Result<bool> {
        let theirs = users::table.filter(users::github_id.eq(account.id));
        Ok(theirs.count().get_result::<i64>(conn)? > 0)
    }

    /// Whose account it is, whatever their status; nobody's it is until the transaction ends. Its name is kept as it is now.
    /// Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn with_github(conn: &mut DbConn, account: &Account) -> Result<Option<Self>> {
        installation::lock(conn)?;
        let theirs = users::table.filter(users::github_id.eq(account.id));
        let user: Option<Self> = theirs
            .select(Self::as_select())
            .get_result(conn)
            .optional()?;
        if user.is_some() {
            diesel::update(theirs)
                .set(users::github_login.eq(&account.login))
                .execute(conn)?;
        }
        Ok(user)
    }

    /// Makes a person of an account that is nobody's, called as at GitHub or nearly so. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `ForbiddenBecause` when nobody may register, an invite is needed and this is none, or the first person needs a set-up code.
    pub fn register_by_github(conn: &mut DbConn, arrival: &Arrival) -> Result<Self> {
        installation::lock(conn)?;
        let username = Self::free_name(conn, &arrival.account)?;
        let registration = Registration {
            policy: arrival.policy,
            invite: arrival.invite,
            credential: Credential::GitHub { id: arrival.account.id, login: arrival.account.login.clone() },
            username,
            may_be_first: arrival.may_be_first,
        };
        Self::register(conn, &registration).map_err(|error| match error {
            Error::Forbidden => Error::ForbiddenBecause("error-github-closed".into()),
            Error::Invalid(fields) => match fields[..] {
                [("setup_code", _)] => Error::ForbiddenBecause("error-github-first".into()),
                [("invite", _)] => Error::ForbiddenBecause("error-github-invite".into()),
                _ => Error::Invalid(fields),
            },
            other => other,
        })
    }

    /// From now on this account opens the door to somebody. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `ForbiddenBecause` when it is somebody else's, or they have another one.
    pub fn join_github(conn: &mut DbConn, id: i64, account: &Account) -> Result<()> {
        installation::lock(conn)?;
        let has: Option<i64> = users::table
            .find(id)
            .select(users::github_id)
            .get_result(conn)?;
        if has.is_some_and(|has| has != account.id) {
            return Err(Error::ForbiddenBecause("error-github-another".into()));
        }
        let owner = Self::with_github(conn, account)?;
        if owner.is_some_and(|owner| owner.id != id) {
            return Err(Error::ForbiddenBecause("error-github-taken".into()));
        }
        let joined = (
            users::github_id.eq(account.id),
            users::github_login.eq(&account.login),
        );
        diesel::update(users::table.find(id))
            .set(joined)
            .execute(conn)?;
        Ok(())
    }

    /// GitHub opens the door to somebody no longer. Runs in a transaction that writes.
    ///
    /// # Errors
    /// `Invalid` for `github` when nothing else does.
    pub fn leave_github(conn: &mut DbConn, id: i64) -> Result<()> {
        installation::lock(conn)?;
        if !Self::ways_in(conn, id)?.has_another() {
            return Err(Error::field("github", "error-github-last"));
        }
        let left = (
            users::github_id.eq(None::<i64>),
            users::github_login.eq(None::<String>),
        );
        diesel::update(users::table.find(id))
            .set(left)
            .execute(conn)?;
        Ok(())
    }

    /// What opens the door to somebody.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub fn ways_in(conn: &mut DbConn, id: i64) -> Result<WaysIn> {
        let person = users::table.find(id);
        let (phone, password_hash, github): (_, Option<String>, _) = person
            .select((users::phone, users::password_hash, users::github_login))
            .get_result(conn)?;
        Ok(WaysIn {
            phone,
            has_password: password_hash.is_some(),
            github,
        })
    }

    /// A name for an account that nobody has yet.
    fn free_name(conn: &mut DbConn, account: &Account) -> Result<Username> {
        for n in 1..=TRIES {
            if let Some(name) = name_of(&account.login, n)
                && !Self::is_username_taken(conn, &name)?
            {
                return Ok(name);
            }
        }
        Username::parse(&format!("github-{}", account.id))
    }
}

/// A name made of a name at GitHub; from the second on with a number behind it.
fn name_of(login: &str, n: i64) -> Option<Username> {
    let tail = if n == 1 {
        String::new()
    } else {
        format!("-{n}")
    };
    let named = |head: &str| {
        let allowed = head.chars().filter(|c| username::is_allowed(*c));
        let head: String = allowed.take(username::MAX_CHARS - tail.len()).collect();
        Username::parse(&format!("{head}{tail}")).ok()
    };
    named(login).or_else(|| named(&format!("github-{login}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(login: &str, n: i64) -> String {
        name_of(login, n).expect(login).as_str().to_owned()
    }

    #[test]
    fn names_stay_as_they_are_where_they_can() {
        assert_eq!(name("octocat", 1), "octocat");
        assert_eq!(name("Octo-Cat", 1), "Octo-Cat");
        assert_eq!(name("octocat", 2), "octocat-2");
        assert_eq!(name("x", 1), "github-x");
        assert_eq!(name("13800138000", 1), "github-13800138000");
        assert_eq!(name("octo cat[bot]", 1), "octocatbot");
        assert_eq!(name(&"x".repeat(39), 12), format!("{}-12", "x".repeat(29)));
    }

    proptest! {
        #[test]
        fn every_name_at_github_makes_names_here(
            login in prop_oneof!["[a-zA-Z0-9-]{1,39}", "\\PC{1,40}"],
            n in 1_i64..=TRIES,
        ) {
            let plain = login.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            prop_assert!(name_of(&login, n).is_some() || !plain, "{}", login);
        }
    }
}
