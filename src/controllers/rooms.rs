//! Rooms.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::concerns::asked::Asked;
use super::concerns::current_user::CurrentUser;
use super::errors::field_sentences;
use super::messages::PAGE;
use super::{App, page};
use crate::error::{Result, Sentence};
use crate::models::client_id::ClientId;
use crate::models::membership::Membership;
use crate::models::message::{Cursor, Message};
use crate::models::room::Room;
use crate::models::user::User;
use crate::realtime::frames::{self, Id};
use crate::views::messages::MessageList;
use crate::views::page::Page;
use crate::views::rooms::{ComposerForm, RoomLink, RoomPage, ShownRoom};

/// `GET /rooms/{id}`
pub async fn show(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    show_with(&app, &asked, user, *id, "", &[]).await
}

/// What a room's page is made of.
struct Found {
    room: Room,
    membership: Option<Membership>,
    messages: Vec<frames::Message>,
    rooms: Vec<frames::Room>,
}

impl Found {
    fn by(conn: &mut crate::models::connection::DbConn, user: &User, id: i64) -> Result<Self> {
        let (room, membership) = Room::find_for(conn, user, id)?;
        Ok(Self {
            messages: Message::page(conn, &room, Cursor::Newest, PAGE)?,
            rooms: Room::all_of(conn, user.id)?,
            room,
            membership,
        })
    }
}

/// The room's page, also with a message that could not be sent as it was typed.
pub(super) async fn show_with(
    app: &App,
    asked: &Asked,
    user: User,
    id: i64,
    typed: &str,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    let me = user.public();
    let found = app
        .database
        .run(move |conn| Found::by(conn, &user, id))
        .await?;
    let Found {
        room,
        membership,
        messages,
        rooms,
    } = found;
    let (first_seq, last_seq) = match (messages.first(), messages.last()) {
        (Some(first), Some(last)) => (first.seq, last.seq),
        _ => (0, 0),
    };
    let mut errors = field_sentences(asked.locale, fields);
    errors.entry("content").or_default();
    let list = MessageList::new(asked.locale, id, messages);
    let view = RoomPage {
        page: Page::new(asked.locale, Some(&me)),
        rooms: rooms
            .into_iter()
            .map(|room| RoomLink::new(room, Id(id)))
            .collect(),
        messages_html: app.templates.render(&list)?,
        member: membership.is_some(),
        older: first_seq > 1,
        first_seq,
        last_seq,
        limits: app.live.limits,
        epoch: &app.live.epoch,
        version: app.live.version,
        client_id: ClientId::random().to_string(),
        form: ComposerForm { content: typed },
        errors,
        room: ShownRoom {
            id: Id(room.id),
            kind: room.kind,
            name: room.name,
            topic: room.topic,
            seq: room.last_seq,
            ver: room.last_ver,
            read_seq: membership.map_or(room.last_seq, |membership| membership.read_seq),
        },
    };
    page(app, &view)
}
