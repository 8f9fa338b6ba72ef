//! A range of a room's history as an HTML fragment, rendered or taken from the cache.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};

use crate::controllers::App;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::message::{Cursor, Message};
use crate::models::room::Room;
use crate::models::user::preferences::Preferences;
use crate::protocol;
use crate::views::assets;
use crate::views::cache::message_lists::{
    HistoryRange, MessageListCache, MessageListVersion, RenderedMessageList,
};
use crate::views::display_preferences::DisplayPreferences;
use crate::views::pages::messages::MessageList;

/// Messages per page by default.
pub(in crate::controllers::rooms) const PAGE: i64 = 50;

/// Range of a room's history and how to display it.
pub(in crate::controllers) struct MessageListQuery {
    pub(super) room_id: i64,
    pub(super) cursor: Cursor,
    limit: i64,
    display: DisplayPreferences,
    cache: MessageListCache,
}

/// Cached fragment, or messages still to be rendered, at a version.
pub(in crate::controllers) struct LoadedMessages {
    version: MessageListVersion,
    source: MessageSource,
}

enum MessageSource {
    Cached(Arc<RenderedMessageList>),
    Loaded(Vec<protocol::Message>),
}

/// Returns the version of a room's history. Must be read before the messages, so that these are at least as new.
pub(in crate::controllers) fn version(
    conn: &mut DbConn,
    room: &Room,
) -> Result<MessageListVersion> {
    Ok(MessageListVersion {
        ver: room.last_ver,
        profile_version: installation::profile_version(conn)?,
    })
}

impl MessageListQuery {
    pub(in crate::controllers) fn new(
        app: &App,
        context: &RequestContext,
        room_id: i64,
        cursor: Cursor,
        limit: i64,
    ) -> Self {
        Self {
            room_id,
            cursor,
            limit,
            display: context.display_preferences(),
            cache: app.message_lists.clone(),
        }
    }

    /// Applies the user's preferences.
    pub(in crate::controllers) fn with_preferences(mut self, preferences: &Preferences) -> Self {
        self.display = self.display.with_preferences(preferences);
        self
    }

    /// Returns the ETag: the versions of database, history and profiles, the static files (fragments contain their URLs)
    /// and the format. It is weak because the compressed response has the same one.
    pub(in crate::controllers) fn etag(
        &self,
        epoch: &str,
        version: MessageListVersion,
        is_json: bool,
    ) -> String {
        let format = match is_json {
            true => "json".to_owned(),
            false => format!("{}-{}", self.display.locale.tag(), self.display.time_format),
        };
        format!(
            "W/\"{epoch}-{}-{}-{}-{format}\"",
            version.ver,
            version.profile_version,
            assets::fingerprint(),
        )
    }

    fn range(&self) -> HistoryRange {
        HistoryRange::new(self.room_id, self.cursor, self.limit, self.display)
    }

    /// Loads the messages unless the cache has the fragment. The caller has checked access to the room.
    pub(in crate::controllers) fn read(
        &self,
        conn: &mut DbConn,
        room: &Room,
        version: MessageListVersion,
    ) -> Result<LoadedMessages> {
        let cached = self.cache.get(&self.range(), &version);
        let source = match cached {
            Some(list) => MessageSource::Cached(list),
            None => MessageSource::Loaded(Message::page(conn, room, self.cursor, self.limit)?),
        };
        Ok(LoadedMessages { version, source })
    }

    /// Renders loaded messages and caches the fragment.
    pub(in crate::controllers) fn render(
        &self,
        app: &App,
        loaded: LoadedMessages,
    ) -> Result<Arc<RenderedMessageList>> {
        let messages = match loaded.source {
            MessageSource::Cached(list) => return Ok(list),
            MessageSource::Loaded(messages) => messages,
        };
        let ends = match (messages.first(), messages.last()) {
            (Some(first), Some(last)) => (first.seq, last.seq),
            _ => (0, 0),
        };
        let view = MessageList::new(self.display, self.room_id, messages);
        let list = Arc::new(RenderedMessageList::new(
            &app.templates.render(&view)?,
            ends,
        ));
        self.cache
            .insert(self.range(), loaded.version, list.clone());
        Ok(list)
    }
}

/// Entity tags of `If-None-Match` (RFC 9110, section 13.1.2).
pub struct IfNoneMatch(Vec<String>);

impl FromRequest for IfNoneMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let values = request.headers().get_all(header::IF_NONE_MATCH);
        let values = values.filter_map(|value| value.to_str().ok());
        let tags = values.flat_map(|value| value.split(',')).map(opaque);
        ready(Ok(Self(tags.collect())))
    }
}

impl IfNoneMatch {
    pub(in crate::controllers) fn matches(&self, etag: &str) -> bool {
        let etag = opaque(etag);
        (self.0.iter()).any(|tag| *tag == etag || tag == "*")
    }
}

/// Removes the weakness indicator: `If-None-Match` uses weak comparison.
fn opaque(etag: &str) -> String {
    etag.trim().trim_start_matches("W/").to_owned()
}
