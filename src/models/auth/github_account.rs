//! Registration and sign-in with GitHub accounts.

use diesel::dsl::{exists, select};
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::schema::users;
use crate::models::statement::Statement;
use crate::models::user::User;
use crate::models::user::registration::{Credential, Registration, RegistrationPolicy};
use crate::models::values::github_account::GithubAccount;
use crate::models::values::username::{self, Username};

/// Number of usernames derived from the login before falling back to the account's id.
const MAX_CANDIDATES: i64 = 50;

/// The ways in which a user can sign in.
#[derive(Debug, Clone, Queryable)]
pub struct LoginMethods {
    /// Phone number in E.164 form.
    pub phone: Option<String>,
    /// Whether a password is set.
    pub has_password: bool,
    /// Login name of the linked GitHub account.
    pub github: Option<String>,
}

impl LoginMethods {
    /// Returns whether the user can sign in with phone number and password.
    pub fn allows_password_login(&self) -> bool {
        self.phone.is_some() && self.has_password
    }
}

impl User {
    /// Returns whether the account is linked to a user.
    pub fn is_github_linked(conn: &mut DbConn, account: &GithubAccount) -> Result<bool> {
        let owner = users::table.filter(users::github_id.eq(account.id));
        Ok(select(exists(owner)).get_result(conn)?)
    }

    /// Returns the user linked to the account, whatever their status, and updates the stored login name. When there is none,
    /// no other transaction can link the account before this one ends.
    pub fn find_by_github(conn: &mut DbConn, account: &GithubAccount) -> Result<Option<Self>> {
        installation::lock(conn)?;
        let owner = users::table.filter(users::github_id.eq(account.id));
        let user = owner.select(Self::as_select()).get_result(conn);
        let user: Option<Self> = user.optional()?;
        if let Some(user) = &user {
            Self::set_github(conn, user.id, Some(account))?;
        }
        Ok(user)
    }

    /// Registers a user for an account that is not linked yet, with a username derived from the login; see
    /// [`Registration`].
    ///
    /// # Errors
    /// `ForbiddenBecause` when registration is closed, requires an invite, or, for the first user, a set-up code.
    pub fn register_with_github(
        conn: &mut DbConn,
        account: &GithubAccount,
        policy: RegistrationPolicy,
        invite: Option<i64>,
        may_be_first: bool,
    ) -> Result<Self> {
        installation::lock(conn)?;
        let registration = Registration {
            policy,
            invite,
            credential: Credential::GitHub(account.clone()),
            username: Self::free_username(conn, account)?,
            may_be_first,
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

    /// Links an account to a user.
    ///
    /// # Errors
    /// `ForbiddenBecause` when it is linked to another user, or the user is linked to another account.
    pub fn link_github(conn: &mut DbConn, id: i64, account: &GithubAccount) -> Result<()> {
        installation::lock(conn)?;
        let user = users::table.find(id);
        let linked: Option<i64> = user.select(users::github_id).get_result(conn)?;
        if linked.is_some_and(|linked| linked != account.id) {
            return Err(Error::ForbiddenBecause("error-github-another".into()));
        }
        let owner = Self::find_by_github(conn, account)?;
        if owner.is_some_and(|owner| owner.id != id) {
            return Err(Error::ForbiddenBecause("error-github-taken".into()));
        }
        Self::set_github(conn, id, Some(account))
    }

    /// Unlinks a user's account.
    ///
    /// # Errors
    /// `Invalid` for `github` when the user could not sign in without it.
    pub fn unlink_github(conn: &mut DbConn, id: i64) -> Result<()> {
        installation::lock(conn)?;
        if !Self::login_methods(conn, id)?.allows_password_login() {
            return Err(Error::field("github", "error-github-last"));
        }
        Self::set_github(conn, id, None)
    }

    fn set_github(conn: &mut DbConn, id: i64, account: Option<&GithubAccount>) -> Result<()> {
        diesel::update(users::table.find(id))
            .set((
                users::github_id.eq(account.map(|account| account.id)),
                users::github_login.eq(account.map(|account| &account.login)),
            ))
            .run(conn)
    }

    /// Returns the ways in which a user can sign in.
    ///
    /// # Errors
    /// `NotFound` when there is no such user.
    pub fn login_methods(conn: &mut DbConn, id: i64) -> Result<LoginMethods> {
        let user = users::table.find(id);
        let has_password = users::password_hash.is_not_null();
        let methods = user.select((users::phone, has_password, users::github_login));
        Ok(methods.get_result(conn)?)
    }

    /// Returns an unused username for an account.
    fn free_username(conn: &mut DbConn, account: &GithubAccount) -> Result<Username> {
        for n in 1..=MAX_CANDIDATES {
            if let Some(name) = username_candidate(&account.login, n)
                && !Self::is_username_taken(conn, &name, None)?
            {
                return Ok(name);
            }
        }
        Username::parse(&format!("github-{}", account.id))
    }
}

/// Returns the `n`th username derived from a login; from the second on with the number appended.
fn username_candidate(login: &str, n: i64) -> Option<Username> {
    let suffix = match n {
        1 => String::new(),
        n => format!("-{n}"),
    };
    let named = |head: &str| {
        let allowed = head.chars().filter(|c| username::is_allowed(*c));
        let head: String = allowed.take(username::MAX_CHARS - suffix.len()).collect();
        Username::parse(&format!("{head}{suffix}")).ok()
    };
    named(login).or_else(|| named(&format!("github-{login}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usernames_resemble_logins() {
        for (login, n, expected) in [
            ("octocat", 1, "octocat"),
            ("Octo-Cat", 1, "Octo-Cat"),
            ("octocat", 2, "octocat-2"),
            ("x", 1, "github-x"),
            ("13800138000", 1, "github-13800138000"),
            ("octo cat[bot]", 1, "octocatbot"),
            (&"x".repeat(39), 12, &format!("{}-12", "x".repeat(29))),
        ] {
            let name = username_candidate(login, n).expect(login);
            assert_eq!(name.as_str(), expected);
        }
    }

    proptest! {
        #[test]
        fn every_login_yields_usernames(
            login in prop_oneof!["[a-zA-Z0-9-]{1,39}", "\\PC{1,40}"],
            n in 1_i64..=MAX_CANDIDATES,
        ) {
            let is_login = login.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            prop_assert!(username_candidate(&login, n).is_some() || !is_login, "{}", login);
        }
    }
}
