//! Rooms and their messages as JSON.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;

use super::PAGE;
use crate::controllers::App;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::Json;
use crate::controllers::rooms::history::cursor;
use crate::controllers::rooms::messages::{MessageEditInput, MessageInput, change, edit, post};
use crate::controllers::rooms::room_form::{RoomInput, create_room};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::message::{Cursor, Message};
use crate::models::room::Room;
use crate::protocol::commands::Change;

/// Largest accepted `limit`; larger ones are reduced to it.
const PAGE_MAX: i64 = 100;

/// `GET /api/rooms`
pub async fn index(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    let rooms = app
        .database
        .read(move |conn| Room::summaries(conn, user.id));
    Ok(HttpResponse::Ok().json(rooms.await?))
}

/// `POST /api/rooms`
pub async fn create(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    Json(typed): Json<RoomInput>,
) -> Result<HttpResponse> {
    let id = create_room(&app, &user, &typed).await?;
    let room = app
        .database
        .read(move |conn| Room::summary(conn, user.id, id));
    Ok(HttpResponse::Created().json(room.await?))
}

/// `GET /api/rooms/{id}`
pub async fn show(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let find = move |conn: &mut DbConn| Room::summary_for_reader(conn, &user, *id);
    Ok(HttpResponse::Ok().json(app.database.read(find).await?))
}

/// Selects messages: `before` newest first; `after`, or the range between both, oldest first; `ver` changes since then.
/// Unknown parameters are an error: a misspelled one would select another range.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageRange {
    before: Option<i64>,
    after: Option<i64>,
    ver: Option<i64>,
    limit: Option<i64>,
}

/// `GET /api/rooms/{id}/messages`
pub async fn messages(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    range: Query<MessageRange>,
) -> Result<HttpResponse> {
    let id = *id;
    let limit = match range.limit.unwrap_or(PAGE) {
        limit if limit < 1 => return Err(Error::BadRequest("error-limit".into())),
        limit => limit.min(PAGE_MAX),
    };
    let cursor = match (range.before, range.after, range.ver) {
        (None, None, Some(ver)) if ver >= 0 => {
            let changes = app.database.read(move |conn| {
                Room::find_for(conn, &user, id)?;
                Message::changes_after(conn, id, ver)
            });
            return Ok(HttpResponse::Ok().json(changes.await?));
        }
        (before, after, None) => cursor(before, after)?,
        _ => return Err(Error::BadRequest("error-cursor".into())),
    };
    let page = app.database.read(move |conn| {
        let (room, _) = Room::find_for(conn, &user, id)?;
        Message::page(conn, &room, cursor, limit)
    });
    let mut messages = page.await?;
    if !matches!(cursor, Cursor::After(_) | Cursor::Between(..)) {
        messages.reverse();
    }
    Ok(HttpResponse::Ok().json(messages))
}

/// `POST /api/rooms/{id}/messages`
pub async fn create_message(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    Json(typed): Json<MessageInput>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Created().json(post(&app, &user, *id, &typed).await?))
}

/// `PATCH /api/rooms/{id}/messages/{seq}`
pub async fn update(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    path: Path<(i64, i64)>,
    Json(typed): Json<MessageEditInput>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(edit(&app, &user, *path, &typed).await?))
}

/// `DELETE /api/rooms/{id}/messages/{seq}`
pub async fn destroy(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    path: Path<(i64, i64)>,
) -> Result<HttpResponse> {
    let message = change(&app, &user, *path, Change::Delete).await?;
    Ok(HttpResponse::Ok().json(message))
}
