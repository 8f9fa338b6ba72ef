//! A room's page: what it is made of.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::concerns::asked::Asked;
use super::errors::field_sentences;
use super::history::{self, History, Wanted};
use super::messages::PAGE;
use super::{App, with_list};
use crate::error::{Error, Result, Sentence};
use crate::models::blocks;
use crate::models::client_id::ClientId;
use crate::models::connection::DbConn;
use crate::models::departure;
use crate::models::membership::Membership;
use crate::models::message::Cursor;
use crate::models::rfc3339;
use crate::models::room::{DIRECT, LOBBY, Room};
use crate::models::user::User;
use crate::realtime::frames::{self, Id};
use crate::views::lists::LIST;
use crate::views::page::{Page, shown_name};
use crate::views::rooms::{Member, RoomPage, ShownRoom, links};

/// The cookie that remembers which room was visited last.
pub(super) const LAST_ROOM: &str = "teahouse-room";
/// The fields of the forms on the page.
const FIELDS: [&str; 7] = [
    "content",
    "name",
    "topic",
    "kind",
    "username",
    "confirm",
    "involvement",
];

/// A permalink's message.
#[derive(Default, Deserialize)]
pub struct Around {
    at: Option<i64>,
}

impl Around {
    /// Which part of the history that is.
    pub fn cursor(&self) -> Cursor {
        self.at.map_or(Cursor::Newest, Cursor::Around)
    }
}

struct Found {
    room: Room,
    membership: Option<Membership>,
    members: Vec<(User, i64)>,
    blocks: bool,
    seen_at: Option<NaiveDateTime>,
    rooms: Vec<frames::Room>,
}

impl Found {
    fn by(conn: &mut DbConn, user: &User, id: i64, wanted: &Wanted) -> Result<(Self, History)> {
        let (room, membership) = Room::find_for(conn, user, id)?;
        let version = history::version(conn, &room)?;
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
            Some(other) if room.is_pair() => (
                blocks::exists(conn, user.id, other)?,
                User::seen_at(conn, other)?,
            ),
            _ => (false, None),
        };
        let history = wanted.read(conn, &room, version)?;
        let found = Self {
            rooms: Room::all_of(conn, user.id)?,
            room,
            membership,
            members,
            blocks,
            seen_at,
        };
        Ok((found, history))
    }
}

/// What could not be done as it was typed.
#[derive(Default)]
pub(super) struct Mistakes {
    /// What was typed, by field.
    pub typed: Vec<(&'static str, String)>,
    /// What is wrong with it, by field.
    pub fields: Vec<(&'static str, Sentence)>,
}

/// The room's page, also with what could not be done as it was typed.
pub(super) async fn show(
    app: &App,
    asked: &Asked,
    user: User,
    id: i64,
    cursor: Cursor,
    mistakes: Mistakes,
) -> Result<HttpResponse> {
    let person = user.clone();
    let wanted = Wanted {
        room_id: id,
        cursor,
        limit: PAGE,
        look: asked.look(),
        lists: app.lists.clone(),
    };
    let read = move |conn: &mut DbConn| {
        let (found, history) = Found::by(conn, &person, id, &wanted)?;
        Ok((found, history, wanted))
    };
    let (found, history, wanted) = app.database.run(read).await?;
    let list = wanted.fill(app, history)?;
    let mut view = view_of(app, asked, &user, found, list.ends);
    view.form.extend(mistakes.typed);
    view.at = match cursor {
        Cursor::Around(seq) => Some(seq),
        _ => None,
    };
    view.errors
        .extend(field_sentences(asked.locale(), &mistakes.fields));
    let mut response = with_list(asked, &app.templates.render(&view)?, &list, "no-store")?;
    let last = Cookie::build(LAST_ROOM, id.to_string())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.site.is_secure())
        .max_age(actix_web::cookie::time::Duration::days(365))
        .finish();
    response.add_cookie(&last).map_err(Error::internal)?;
    Ok(response)
}

fn view_of<'a>(
    app: &'a App,
    asked: &Asked,
    user: &User,
    found: Found,
    (first_seq, last_seq): (i64, i64),
) -> RoomPage<'a> {
    let Found {
        room,
        membership,
        members,
        blocks,
        seen_at,
        rooms,
    } = found;
    let me = user.public();
    let gone = room.is_pair()
        && members
            .iter()
            .any(|(member, _)| member.username == departure::NAME);
    let name = match room.kind.as_str() {
        DIRECT => {
            let others = members.iter().filter(|(member, _)| member.id != user.id);
            let names: Vec<&str> = others.map(|(member, _)| member.username.as_str()).collect();
            shown_name(asked.locale(), &names.join(", "))
        }
        _ => room.name.clone(),
    };
    RoomPage {
        page: Page::signed_in(asked.look(), &me, user.is_admin()),
        rooms: links(asked.locale(), rooms, Some(Id(room.id))),
        messages_html: LIST,
        member: membership.is_some(),
        older: first_seq > 1,
        newer: last_seq < room.last_seq,
        at: None,
        first_seq,
        last_seq,
        limits: app.live.limits,
        epoch: &app.live.epoch,
        version: app.live.version,
        client_id: ClientId::random().to_string(),
        form: BTreeMap::from(FIELDS.map(|field| (field, String::new()))),
        errors: BTreeMap::from(FIELDS.map(|field| (field, None))),
        keeper: room.is_kept_by(user),
        lobby: room.id == LOBBY,
        pair: room.is_pair(),
        gone,
        blocked: blocks,
        last_seen: seen_at.map(rfc3339),
        members: members
            .iter()
            .map(|(member, seq)| Member::new(asked.locale(), &member.public(), *seq))
            .collect(),
        room: ShownRoom {
            id: Id(room.id),
            kind: room.kind.clone(),
            name,
            topic: room.topic,
            seq: room.last_seq,
            ver: room.last_ver,
            read_seq: membership
                .as_ref()
                .map_or(room.last_seq, |member| member.read_seq),
            involvement: membership.map_or_else(String::new, |member| member.involvement),
        },
    }
}
