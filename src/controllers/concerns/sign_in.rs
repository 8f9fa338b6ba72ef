//! Signing somebody in.

use actix_session::Session;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::browser_id::Browser;
use crate::controllers::extractors::client_address::client_text;
use crate::controllers::middleware::session_cookie::{KEY, KEY_HASH};
use crate::controllers::{App, see_other};
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::ClientInfo;
use crate::models::auth::session;
use crate::models::auth::session::{KeyHash, SessionKind, NewSession};
use crate::models::auth::trusted_browser;
use crate::models::user::User;

/// How somebody comes in.
pub struct Way {
    kind: security_event::SecurityEventKind,
    by: Option<KeyHash>,
}

impl Way {
    /// By what they know: a password, a code, a link.
    pub const KNOWING: Self = Self {
        kind: security_event::SecurityEventKind::SignedIn,
        by: None,
    };

    /// Because GitHub said who it is.
    pub const GITHUB: Self = Self {
        kind: security_event::SecurityEventKind::SignedInByGitHub,
        by: None,
    };

    /// Brought in by another session, which must still be alive.
    pub fn brought_by(session: KeyHash) -> Self {
        Self {
            by: Some(session),
            ..Self::KNOWING
        }
    }
}

/// From this answer on the browser is signed in, with a key that nobody had before; it goes on at `location`, and is known
/// again from now on.
///
/// # Errors
/// `Unauthorized` when what they showed is worth nothing any more; `Unavailable` when the database does not answer.
pub async fn sign_in(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    user: &User,
    Way { kind, by }: Way,
    location: &str,
) -> Result<HttpResponse> {
    let (key, key_hash) = session::new_key();
    let (user_id, origin) = (user.id, origin(request));
    let new = NewSession {
        kind: SessionKind::Cookie,
        user_id,
        epoch: user.session_epoch,
        by,
        user_agent: origin.user_agent.clone(),
        ip: origin.ip.clone(),
        lifetime: app.accounts.session_lifetime,
        is_github_sign_in: kind == security_event::SecurityEventKind::SignedInByGitHub,
        max_sessions: app.accounts.sessions_per_person,
    };
    let Browser { hash, cookie } = browser_id::recognise(app, request)?;
    let write = app.database.write(move |conn| {
        let created = session::create(conn, &key_hash, &new)?;
        trusted_browser::trust(conn, &hash, user_id)?;
        security_event::record(conn, kind, user_id, &origin)?;
        Ok(created.evicted)
    });
    if write.await? > 0 {
        app.realtime.poll_now();
    }
    session.renew();
    session.remove(KEY_HASH);
    session.insert(KEY, key).map_err(Error::internal)?;
    let mut response = see_other(location);
    response.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(response)
}

/// Where a request comes from.
pub fn origin(request: &HttpRequest) -> ClientInfo {
    ClientInfo {
        ip: client_text(request),
        user_agent: user_agent(request),
    }
}

/// What a browser or program calls itself.
pub fn user_agent(request: &HttpRequest) -> String {
    let agent = request.headers().get(header::USER_AGENT);
    agent.map_or_else(String::new, |agent| {
        String::from_utf8_lossy(agent.as_bytes()).into_owned()
    })
}

/// Where to go after signing in: only paths of this site, so that nobody is led elsewhere.
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
    fn nobody_is_led_to_another_site() {
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
        fn whatever_is_asked_for_the_site_stays_the_same(
            next in prop_oneof![any::<String>(), "[/\\\\.:@a%0-9#?\t\r\n]{0,12}", "//?/?\\PC{0,12}"],
        ) {
            let here = url::Url::parse("https://teahouse.example/login?next=x").expect("a URL");
            let there = here.join(local_path(&next)).expect("an address");
            prop_assert_eq!(there.origin(), here.origin());
            prop_assert!(there.username().is_empty() && there.password().is_none());
        }
    }
}
