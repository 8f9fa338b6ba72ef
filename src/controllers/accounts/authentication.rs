//! Authentication with phone number and password.

use super::registration_form::phone_region;
use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Result;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::auth::session::KeyHash;
use crate::models::auth::trusted_browser;
use crate::models::user::User;
use crate::models::values::phone_number::PhoneNumber;
use crate::services::password_hasher::PasswordCheck;
use crate::services::password_hasher::queue::Priority;

/// Returns the user with this phone number and password, if any. An unknown number takes as long as a wrong password.
///
/// # Errors
/// `RateLimited` after too many failed attempts.
pub(in crate::controllers) async fn authenticate(
    app: &App,
    context: &RequestContext,
    phone: &str,
    region: &str,
    password: &str,
) -> Result<Option<User>> {
    let region = phone_region(app, context, region);
    let phone = PhoneNumber::parse(phone, &region).ok();
    let trusted = find_trusted_browser(app, context, phone.as_ref()).await?;
    let buckets = app
        .rate_limits
        .sign_in(context.address, phone.as_ref(), trusted.as_ref());
    let attempt = Attempt::begin(app, buckets).await?;
    let found = match phone.clone() {
        Some(phone) => {
            let read = app
                .database
                .read(move |conn| User::find_by_phone(conn, &phone));
            read.await?
        }
        None => None,
    };
    let (user, hash) = found.unzip();
    let (user, hash) = (user, hash.flatten());
    let priority = match trusted {
        Some(_) => Priority::Trusted,
        None => Priority::SignIn,
    };
    let requester = app.rate_limits.hash_requester(context.address, priority);
    let verdict = app
        .hasher
        .verify(requester, password.to_owned(), hash.clone());
    let new_hash = match verdict.await {
        Err(error) => {
            // Before the response is sent, so that the client's next request is not limited by this attempt.
            attempt.uncount().await?;
            return Err(error);
        }
        Ok(PasswordCheck::Invalid) => {
            attempt.count();
            record_failure(app, context, user, phone).await?;
            return Ok(None);
        }
        Ok(PasswordCheck::Valid) => None,
        Ok(PasswordCheck::ValidNeedsRehash(new)) => Some(new),
    };
    attempt.succeed().await?;
    if let (Some(user), Some(old), Some(new)) = (&user, hash, new_hash) {
        let id = user.id;
        app.database
            .write(move |conn| User::rehash(conn, id, &old, &new))
            .await?;
    }
    Ok(user)
}

/// Returns the request's browser, if the account with this number trusts it.
async fn find_trusted_browser(
    app: &App,
    context: &RequestContext,
    phone: Option<&PhoneNumber>,
) -> Result<Option<KeyHash>> {
    let (Some(browser), Some(phone)) = (context.browser_id(app), phone.cloned()) else {
        return Ok(None);
    };
    let read = app.database.read(move |conn| {
        let is_trusted = trusted_browser::is_trusted(conn, &browser, &phone)?;
        Ok(is_trusted.then_some(browser))
    });
    read.await
}

/// Records the failure in the security log, also for numbers without an account.
async fn record_failure(
    app: &App,
    context: &RequestContext,
    user: Option<User>,
    phone: Option<PhoneNumber>,
) -> Result<()> {
    let Some(phone) = phone else { return Ok(()) };
    let (user_id, client) = (user.map(|user| user.id), context.client.clone());
    app.database
        .write(move |conn| {
            security_event::record_with_phone(
                conn,
                SecurityEventKind::SignInFailed,
                user_id,
                &phone,
                &client,
            )
        })
        .await
}
