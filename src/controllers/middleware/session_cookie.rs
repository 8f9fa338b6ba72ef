//! The session's cookie. The row behind it is read by `CurrentUser`, so that a request without need for it costs
//! nothing, and a database that is down is answered with 503.

use actix_session::SessionMiddleware;
use actix_session::config::PersistentSession;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use chrono::TimeDelta;
use std::collections::HashMap;

use crate::controllers::Site;
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::database::Database;

/// Under this name a request finds the hash of its session's key.
pub const KEY_HASH: &str = "key_hash";
/// Under this name sign-in leaves the key of the row that it made.
pub const KEY: &str = "key";

type State = HashMap<String, String>;

/// Keeps sessions as rows. What a request asks to be updated is never inserted: a session that ended stays ended.
pub struct DatabaseStore {
    database: Database,
    lifetime: TimeDelta,
}

/// The middleware that reads and sets the cookie.
pub fn session_middleware(
    database: Database,
    lifetime: TimeDelta,
    key: Key,
    site: &Site,
) -> SessionMiddleware<DatabaseStore> {
    SessionMiddleware::builder(DatabaseStore { database, lifetime }, key)
        .cookie_name(site.cookie_name().to_owned())
        .cookie_secure(site.is_secure())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .session_lifecycle(
            PersistentSession::default().session_ttl(Duration::seconds(lifetime.num_seconds())),
        )
        .build()
}

/// Values in a session's state are JSON.
fn value<T: serde::de::DeserializeOwned>(state: &State, name: &str) -> anyhow::Result<T> {
    let text = state
        .get(name)
        .ok_or_else(|| anyhow::anyhow!("the session has no {name}"))?;
    Ok(serde_json::from_str(text)?)
}

impl SessionStore for DatabaseStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let hash = serde_json::to_string(KeyHash::of(key.as_ref()).as_str());
        let hash = hash.map_err(|error| LoadError::Deserialization(error.into()))?;
        Ok(Some(HashMap::from([(KEY_HASH.to_owned(), hash)])))
    }

    /// Sign-in made the row, where a failure can be answered well.
    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let key: String = value(&state, KEY).map_err(SaveError::Serialization)?;
        SessionKey::try_from(key).map_err(|error| SaveError::Other(error.into()))
    }

    /// Only prolongs the row; what is in the state stays in the request.
    async fn update(
        &self,
        key: SessionKey,
        _: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let (hash, lifetime) = (KeyHash::of(key.as_ref()), self.lifetime);
        self.database
            .write(move |conn| session::touch(conn, &hash, lifetime))
            .await
            .map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> anyhow::Result<()> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        let hash = KeyHash::of(key.as_ref());
        Ok(self
            .database
            .write(move |conn| session::end(conn, &hash))
            .await?)
    }
}
