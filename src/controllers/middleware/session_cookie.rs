//! The session cookie. Its row is read by the `CurrentUser` extractor instead of the middleware: requests that need no user
//! cost no query, and a database failure becomes a 503.

use actix_session::SessionMiddleware;
use actix_session::config::PersistentSession;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use chrono::TimeDelta;
use std::collections::HashMap;

use crate::controllers::Site;
use crate::models::auth::session::{self, KeyHash};
use crate::models::database::Database;

/// Entry of the session's state with the hash of its key, set when a request is read.
pub const KEY_HASH: &str = "key_hash";
/// Entry in which sign-in passes the key of the row that it created.
pub const KEY: &str = "key";

type State = HashMap<String, String>;

/// Stores sessions as database rows. Updates never insert a row, so that an ended session stays ended.
pub struct DatabaseStore {
    database: Database,
    lifetime: TimeDelta,
}

/// Builds the middleware that reads and sets the session cookie.
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

/// Returns an entry of the session's state, parsed from JSON.
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

    /// Only returns the key: sign-in created the row, because it can report a failure.
    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let key: String = value(&state, KEY).map_err(SaveError::Serialization)?;
        SessionKey::try_from(key).map_err(|error| SaveError::Other(error.into()))
    }

    /// Prolongs the row. The state is not stored.
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
