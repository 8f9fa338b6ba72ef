//! Verifies the identity of a signed-in user again.

use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::user::User;
use crate::services::password_hasher::PasswordCheck;
use crate::services::password_hasher::queue::Priority;

/// Verifies the user's identity before a change of credentials: by password or, without one, by a recent GitHub
/// confirmation in this session.
///
/// # Errors
/// `Invalid` for `field`; `RateLimited` after too many wrong passwords; `Unavailable` when too many passwords are being
/// verified.
pub(super) async fn require_reauthentication(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &str,
    field: &'static str,
) -> Result<()> {
    let (user_id, key_hash) = (current.user.id, current.key_hash.clone());
    let read = app.database.read(move |conn| {
        let hash = User::password_hash(conn, user_id)?;
        Ok((hash, session::is_confirmed_by_github(conn, &key_hash)?))
    });
    let (hash, is_confirmed) = read.await?;
    match hash {
        None if is_confirmed => return Ok(()),
        None => return Err(Error::field(field, "error-github-confirm")),
        Some(_) if typed.is_empty() => return Err(Error::field(field, "error-password-missing")),
        Some(_) => {}
    }
    let limits = &app.rate_limits;
    let attempt = Attempt::begin(app, limits.password_confirmation(user_id)).await?;
    let requester = limits.hash_requester(context.address, Priority::Trusted);
    let verdict = app.hasher.verify(requester, typed.to_owned(), hash);
    match verdict.await {
        Ok(PasswordCheck::Valid | PasswordCheck::ValidNeedsRehash(_)) => attempt.succeed().await,
        Ok(PasswordCheck::Invalid) => {
            attempt.count();
            Err(Error::field(field, "error-password-wrong"))
        }
        Err(error) => {
            attempt.uncount().await?;
            Err(error)
        }
    }
}
