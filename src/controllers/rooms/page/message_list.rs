//! A stretch of a room's history as HTML: filled before, or now.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::controllers::App;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::message::{Cursor, Message};
use crate::models::room::Room;
use crate::models::user::preferences::Preferences;
use crate::realtime::frames;
use crate::views::assets;
use crate::views::cache::message_lists::{List, Lists, Stretch, Version};
use crate::views::display_preferences::Look;
use crate::views::pages::messages::MessageList;

/// Which stretch, for whom.
pub(in crate::controllers) struct Wanted {
    pub(in crate::controllers) room_id: i64,
    pub(in crate::controllers) cursor: Cursor,
    pub(in crate::controllers) limit: i64,
    pub(in crate::controllers) look: Look,
    pub(in crate::controllers) lists: Lists,
}

/// What was found of it.
pub(in crate::controllers) struct History {
    version: Version,
    found: Found,
}

enum Found {
    Kept(Arc<List>),
    Read(Vec<frames::Message>),
}

/// What a room's history looks like now. Whatever is read after this is at least as new.
pub(in crate::controllers) fn version(conn: &mut DbConn, room: &Room) -> Result<Version> {
    Ok(Version {
        ver: room.last_ver,
        people: installation::profile_version(conn)?,
    })
}

impl Wanted {
    /// The same, as a person likes it.
    pub(in crate::controllers) fn preferring(mut self, preferences: &Preferences) -> Self {
        self.look = self.look.preferring(preferences);
        self
    }

    fn stretch(&self) -> Stretch {
        Stretch::new(self.room_id, self.cursor, self.limit, self.look)
    }

    /// Reads what is not kept. The room was found for the person who asks.
    pub(in crate::controllers) fn read(
        &self,
        conn: &mut DbConn,
        room: &Room,
        version: Version,
    ) -> Result<History> {
        let kept = self.lists.find(&self.stretch(), &version).map(Found::Kept);
        let found = match kept {
            Some(kept) => kept,
            None => Found::Read(Message::page(conn, room, self.cursor, self.limit)?),
        };
        Ok(History { version, found })
    }

    /// Fills what was read, and keeps it.
    pub(in crate::controllers) fn fill(&self, app: &App, history: History) -> Result<Arc<List>> {
        let messages = match history.found {
            Found::Kept(list) => return Ok(list),
            Found::Read(messages) => messages,
        };
        let ends = match (messages.first(), messages.last()) {
            (Some(first), Some(last)) => (first.seq, last.seq),
            _ => (0, 0),
        };
        let view = MessageList::new(self.look, self.room_id, messages);
        let list = Arc::new(List::new(&app.templates.render(&view)?, ends));
        let stretch = self.stretch();
        self.lists.keep(stretch, history.version, list.clone());
        Ok(list)
    }
}

/// How the answer looks, apart from what is in it.
pub(in crate::controllers) struct Form {
    pub(in crate::controllers) is_json: bool,
    epoch: String,
    look: Look,
}

impl Form {
    pub(in crate::controllers) fn of(app: &App, context: &RequestContext) -> Self {
        Self {
            is_json: context.wants_json,
            epoch: app.realtime.epoch.clone(),
            look: context.display_preferences(),
        }
    }

    /// The same, as a person likes it.
    pub(in crate::controllers) fn preferring(mut self, preferences: &Preferences) -> Self {
        self.look = self.look.preferring(preferences);
        self
    }

    /// Names what is answered: what is said, how its authors are called and look now, and the form. A fragment names
    /// static files, so it changes with them. It is weak, because it is the same for a compressed answer.
    pub(in crate::controllers) fn etag(&self, version: Version) -> String {
        let form = match self.is_json {
            true => "json".to_owned(),
            false => format!("{}-{}", self.look.locale.tag(), self.look.time_format),
        };
        format!(
            "W/\"{}-{}-{}-{}-{form}\"",
            self.epoch,
            version.ver,
            version.people,
            assets::fingerprint(),
        )
    }
}

/// The versions that a client has already (RFC 9110, section 13.1.2).
pub(in crate::controllers) struct Known(Vec<String>);

impl Known {
    pub(in crate::controllers) fn of(request: &HttpRequest) -> Self {
        let known = request.headers().get_all(header::IF_NONE_MATCH);
        let known = known.filter_map(|known| known.to_str().ok());
        Self(
            known
                .flat_map(|known| known.split(','))
                .map(opaque)
                .collect(),
        )
    }

    pub(in crate::controllers) fn has(&self, etag: &str) -> bool {
        let etag = opaque(etag);
        (self.0.iter()).any(|known| *known == etag || known == "*")
    }
}

/// A tag without saying that it is weak: here nothing depends on it.
fn opaque(etag: &str) -> String {
    etag.trim().trim_start_matches("W/").to_owned()
}
