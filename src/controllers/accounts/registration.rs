//! Creates users who register with a phone number.

use super::registration_form::ValidNewUser;
use crate::controllers::App;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::auth::invite;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::user::User;
use crate::models::user::registration::{Credential, Registration, RegistrationPolicy};
use crate::models::values::password::Password;
use crate::models::values::username::Username;
use crate::services::password_hasher::queue::Priority;

/// Creates the user.
///
/// # Errors
/// `Invalid` when the name or the number is taken; `Forbidden` when registration is closed.
pub(super) async fn create_user(
    app: &App,
    context: &RequestContext,
    new_user: ValidNewUser,
) -> Result<User> {
    let wanted = new_user.username.clone();
    // Hashing is expensive: check the name first.
    let read = app
        .database
        .read(move |conn| User::require_username_available(conn, &wanted, None));
    read.await?;
    let registration = Registration {
        policy: app.accounts.registration_policy,
        invite: new_user.invite,
        credential: Credential::Phone {
            phone: new_user.phone.clone(),
            password_hash: hash_password(app, context, new_user.password).await?,
        },
        username: new_user.username,
        may_be_first: new_user.may_be_first,
    };
    let (phone, client) = (new_user.phone, context.client.clone());
    let write = app.database.write(move |conn| {
        let user = User::register(conn, &registration)?;
        let (kind, id) = (SecurityEventKind::Registered, Some(user.id));
        security_event::record_with_phone(conn, kind, id, &phone, &client)?;
        Ok(user)
    });
    write.await
}

/// Checks before a code is sent that the registration would succeed.
///
/// # Errors
/// As [`create_user`], except that the number is not looked up.
pub(super) async fn require_may_register(
    app: &App,
    username: Username,
    invite: Option<i64>,
    may_be_first: bool,
) -> Result<()> {
    let policy = app.accounts.registration_policy;
    let read = app.database.read(move |conn| {
        User::require_username_available(conn, &username, None)?;
        match (User::exists(conn)?, policy) {
            (false, _) if !may_be_first => Err(Error::field("setup_code", "error-setup-code")),
            (true, RegistrationPolicy::Closed) => Err(Error::Forbidden),
            (true, RegistrationPolicy::Invite) => match invite {
                Some(id) if invite::is_valid(conn, id)? => Ok(()),
                _ => Err(Error::field("invite", "error-invite")),
            },
            (true, RegistrationPolicy::Open) | (false, _) => Ok(()),
        }
    });
    read.await
}

/// Hashes a new user's password.
pub(super) async fn hash_password(
    app: &App,
    context: &RequestContext,
    password: Password,
) -> Result<String> {
    let limits = &app.rate_limits;
    let requester = limits.hash_requester(context.address, Priority::Registration);
    app.hasher.hash(requester, password).await
}
