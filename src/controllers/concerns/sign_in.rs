//! Creates sessions.

use actix_session::Session;
use actix_web::HttpResponse;

use crate::controllers::extractors::browser_id::Browser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::middleware::session_cookie::{KEY, KEY_HASH};
use crate::controllers::{App, see_other, with_cookie};
use crate::error::{Error, Result};
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::auth::session::{self, KeyHash, NewSession, SessionKind};
use crate::models::auth::trusted_browser;
use crate::models::user::User;

/// How a user signs in.
pub enum SignInMethod {
    /// With a password, a verification code or a link.
    Credentials,
    /// With GitHub.
    Github,
    /// With a link from another session, which must still be active.
    Pairing(KeyHash),
}

/// Creates a session with a new key, marks the browser as trusted by the user, and redirects to `location`.
///
/// # Errors
/// `Unauthorized` when the user's sessions or the pairing session ended meanwhile; `Unavailable` when the database is.
pub async fn sign_in(
    app: &App,
    context: &RequestContext,
    session: &Session,
    user: &User,
    method: SignInMethod,
    location: &str,
) -> Result<HttpResponse> {
    let is_github = matches!(method, SignInMethod::Github);
    let event = match is_github {
        true => SecurityEventKind::SignedInByGitHub,
        false => SecurityEventKind::SignedIn,
    };
    let (key, key_hash) = session::new_key();
    let (user_id, client) = (user.id, context.client.clone());
    let new = NewSession {
        kind: SessionKind::Cookie,
        user_id,
        epoch: user.session_epoch,
        by: match method {
            SignInMethod::Pairing(session) => Some(session),
            SignInMethod::Credentials | SignInMethod::Github => None,
        },
        client: client.clone(),
        lifetime: app.accounts.session_lifetime,
        is_github_sign_in: is_github,
        max_sessions: app.accounts.max_sessions_per_user,
    };
    let Browser { hash, cookie } = context.browser(app);
    let write = app.database.write(move |conn| {
        let created = session::create(conn, &key_hash, &new)?;
        trusted_browser::record_sign_in(conn, &hash, user_id)?;
        security_event::record(conn, event, user_id, &client)?;
        Ok(created.evicted)
    });
    if write.await? > 0 {
        app.realtime.poll_now();
    }
    session.renew();
    session.remove(KEY_HASH);
    session.insert(KEY, key).map_err(Error::internal)?;
    with_cookie(see_other(location), &cookie)
}

/// Returns `next` if it is a path of this site, otherwise `/`. Prevents open redirects after sign-in.
pub fn local_path(next: &str) -> &str {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(|c| c.is_control());
    if is_local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::local_path;

    #[test]
    fn other_origins_are_rejected() {
        assert_eq!(local_path("/rooms/1?at=3"), "/rooms/1?at=3");
        for next in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "rooms",
            "/\t/evil.example",
        ] {
            assert_eq!(local_path(next), "/", "{next}");
        }
    }

    proptest! {
        #[test]
        fn result_always_resolves_to_same_origin(
            next in prop_oneof![any::<String>(), "[/\\\\.:@a%0-9#?\t\r\n]{0,12}", "//?/?\\PC{0,12}"],
        ) {
            let here = url::Url::parse("https://teahouse.example/login?next=x").expect("a URL");
            let there = here.join(local_path(&next)).expect("an address");
            prop_assert_eq!(there.origin(), here.origin());
            prop_assert!(there.username().is_empty() && there.password().is_none());
        }
    }
}
