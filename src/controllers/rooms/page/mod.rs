//! A room's page: what it is made of.

pub(super) mod message_list;
pub(super) mod presenter;

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use chrono::NaiveDateTime;
use serde::Deserialize;

use self::message_list::{History, Wanted};
use self::presenter::Sheet;
use super::messages::PAGE;
use crate::controllers::extractors::cookies::LAST_ROOM_COOKIE;
use crate::controllers::extractors::current_user::LazyCurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, gzip_html};
use crate::error::{Error, Result, LocalizedMessage};
use crate::models::database::connection::DbConn;
use crate::models::message::Cursor;
use crate::models::room::membership::Membership;
use crate::models::room::summary::RoomList;
use crate::models::room::{LOBBY, Room};
use crate::models::user::User;
use crate::models::user::block;
use crate::models::values::client_id::ClientId;
use crate::views::cache::fragments::Hole;
use crate::views::gzip::Block;
use crate::models::values::room_kind::RoomKind;


/// A permalink's message.
#[derive(Default, Deserialize)]
pub struct Around {
    at: Option<i64>,
    member: Option<Told>,
}

/// What became of a person who was named in the room's panel.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Added,
    Invited,
    #[serde(other)]
    Other,
}

impl Around {
    /// Which part of the history that is.
    pub fn cursor(&self) -> Cursor {
        self.at.map_or(Cursor::Newest, Cursor::Around)
    }

    fn told(&self) -> Option<&'static str> {
        match self.member? {
            Told::Added => Some("added"),
            Told::Invited => Some("invited"),
            Told::Other => None,
        }
    }
}

struct Found {
    room: Room,
    membership: Option<Membership>,
    members: Vec<(User, i64)>,
    blocks: bool,
    opened: bool,
    seen_at: Option<NaiveDateTime>,
    rooms: RoomList,
}

impl Found {
    fn by(conn: &mut DbConn, user: &User, id: i64, wanted: &Wanted) -> Result<(Self, History)> {
        let (room, membership) = Room::find_for(conn, user, id)?;
        let version = message_list::version(conn, &room)?;
        // Everybody is in the Lobby: a list of its members says nothing.
        let members = match id {
            LOBBY => Vec::new(),
            _ => Membership::members(conn, id)?,
        };
        let other = members
            .iter()
            .map(|(member, _)| member.id)
            .find(|id| *id != user.id);
        let (blocks, seen_at) = match other {
            Some(other) if room.is_one_to_one() => (
                block::exists(conn, user.id, other)?,
                User::seen_at(conn, other)?,
            ),
            _ => (false, None),
        };
        let opened = room.kind == RoomKind::Open
            && id != LOBBY
            && membership.is_some()
            && Room::opened_since_joining(conn, user.id, id)?;
        let history = wanted.read(conn, &room, version)?;
        let found = Self {
            rooms: Room::list_for(conn, user.id)?,
            opened,
            room,
            membership,
            members,
            blocks,
            seen_at,
        };
        Ok((found, history))
    }
}

/// What could not be done as it was typed, or was done.
#[derive(Default)]
pub(in crate::controllers) struct Mistakes {
    /// `added` or `invited`: what became of a person who was named.
    pub told: Option<&'static str>,
    /// What was typed, by field.
    pub typed: Vec<(&'static str, String)>,
    /// What is wrong with it, by field.
    pub fields: Vec<(&'static str, LocalizedMessage)>,
}

/// What a page is made of, as it was found.
type Read = (Found, History, Wanted);

fn read(conn: &mut DbConn, user: &User, wanted: Wanted) -> Result<Read> {
    let (found, history) = Found::by(conn, user, wanted.room_id, &wanted)?;
    Ok((found, history, wanted))
}

fn wanted(app: &App, context: &RequestContext, id: i64, cursor: Cursor) -> Wanted {
    Wanted {
        room_id: id,
        cursor,
        limit: PAGE,
        look: context.display_preferences(),
        lists: app.message_lists.clone(),
    }
}

/// The room's page.
pub(in crate::controllers) async fn show(
    app: &App,
    context: &RequestContext,
    caller: LazyCurrentUser,
    id: i64,
    around: &Around,
) -> Result<HttpResponse> {
    let wanted = wanted(app, context, id, around.cursor());
    let read = caller.authenticate_and_read(move |conn, live| {
        let wanted = wanted.preferring(&live.preferences);
        read(conn, &live.user, wanted)
    });
    let (session, found) = read.await?;
    let mistakes = Mistakes {
        told: around.told(),
        ..Mistakes::default()
    };
    answer(app, context, &session.user, found, mistakes)
}

/// The room's page as it is now, with what could not be done as it was typed.
pub(in crate::controllers) async fn corrected(
    app: &App,
    context: &RequestContext,
    user: User,
    id: i64,
    mistakes: Mistakes,
) -> Result<HttpResponse> {
    let wanted = wanted(app, context, id, Cursor::Newest);
    let person = user.clone();
    let read = app.database.read(move |conn| read(conn, &person, wanted));
    answer(app, context, &user, read.await?, mistakes)
}

fn answer(
    app: &App,
    context: &RequestContext,
    user: &User,
    (found, history, wanted): Read,
    mistakes: Mistakes,
) -> Result<HttpResponse> {
    let id = found.room.id;
    let list = wanted.fill(app, history)?;
    let at = match wanted.cursor {
        Cursor::Around(seq) => Some(seq),
        _ => None,
    };
    let sheet = Sheet::new(context, user, found, mistakes);
    let (parts, templates, place) = (&app.fragments, &app.templates, (user.id, id));
    let page = parts.fill(templates, place, &sheet.page(app))?;
    let sidebar = parts.fill(templates, place, &sheet.sidebar())?;
    let people = parts.fill(templates, place, &sheet.people())?;
    let extent = parts.fill(templates, place, &sheet.extent(at, list.ends))?;
    let piece = |n: usize| extent.blocks().get(n..=n).unwrap_or_default();
    let client_id = [Block::stored(ClientId::random().to_string().as_bytes())];
    let file = page.page(|hole| match hole {
        Hole::Sidebar => sidebar.blocks(),
        Hole::People => people.blocks(),
        Hole::Messages => &list.blocks,
        Hole::Extent => piece(0),
        Hole::Older => piece(1),
        Hole::Newer => piece(2),
        Hole::Cut => &[],
        Hole::ClientId => &client_id,
    });
    let mut response = gzip_html(context, file, "no-store")?;
    let last = Cookie::build(LAST_ROOM_COOKIE, id.to_string())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.site.is_secure())
        .max_age(actix_web::cookie::time::Duration::days(365))
        .finish();
    response.add_cookie(&last).map_err(Error::internal)?;
    Ok(response)
}
