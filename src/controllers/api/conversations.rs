//! Conversations: direct rooms of two users.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path, Query};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConversationMessage, PAGE};
use crate::controllers::App;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::Json;
use crate::controllers::rooms::messages::{MessageInput, post};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::message::Message;
use crate::models::room::conversation::Conversation;
use crate::models::room::direct::Recipients;
use crate::protocol::{Id, User};

/// A conversation as seen by one of its members.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Conversation")]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationView {
    id: Id,
    other_participant: User,
    last_message: Option<ConversationMessage>,
    has_unread_messages: bool,
}

impl ConversationView {
    fn new(found: Conversation, user_id: i64) -> Self {
        let last = found.last_message;
        Self {
            id: Id(found.room_id),
            other_participant: found.other,
            last_message: last.map(|message| ConversationMessage::new(message, user_id)),
            has_unread_messages: found.has_unread,
        }
    }

    async fn find(app: &App, user_id: i64, id: i64) -> Result<Self> {
        let find = move |conn: &mut DbConn| Conversation::find(conn, user_id, id);
        Ok(Self::new(app.database.read(find).await?, user_id))
    }
}

/// Body of `POST /api/conversations`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ConversationInput {
    username: String,
}

/// Query of the list of conversations: the last id of the previous page.
#[derive(Deserialize)]
pub struct ConversationCursor {
    before: Option<Id>,
}

/// Query of the list of messages. Unknown parameters are an error: a misspelled one would select another page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageCursor {
    before: Option<Id>,
}

/// `POST /api/conversations`
pub async fn create(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    Json(typed): Json<ConversationInput>,
) -> Result<HttpResponse> {
    let name = typed.username.trim().to_owned();
    if name.is_empty() {
        return Err(Error::field("username", "error-username-missing"));
    }
    let recipients = Recipients::Usernames(vec![name]);
    let direct = app
        .database
        .find_or_create_direct(user.id, recipients)
        .await?;
    app.realtime.announce_direct(&direct);
    let conversation = ConversationView::find(&app, user.id, direct.room_id).await?;
    let mut response = match direct.is_new {
        true => HttpResponse::Created(),
        false => HttpResponse::Found(),
    };
    let location = format!("/api/conversations/{}", direct.room_id);
    Ok(response
        .insert_header((header::LOCATION, location))
        .json(conversation))
}

/// `GET /api/conversations`: conversations with messages, latest activity first.
pub async fn index(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    page: Query<ConversationCursor>,
) -> Result<HttpResponse> {
    let before = page.before.map(|id| id.0);
    let find = move |conn: &mut DbConn| Conversation::page(conn, user.id, before, PAGE);
    let found = app.database.read(find).await?.into_iter();
    let page = found.map(|conversation| ConversationView::new(conversation, user.id));
    Ok(HttpResponse::Ok().json(page.collect::<Vec<_>>()))
}

/// `GET /api/conversations/{id}`
pub async fn show(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(ConversationView::find(&app, user.id, *id).await?))
}

/// `GET /api/conversations/{id}/other_participant`
pub async fn other(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let conversation = ConversationView::find(&app, user.id, *id).await?;
    Ok(HttpResponse::Ok().json(conversation.other_participant))
}

/// `POST /api/conversations/{id}/messages`
pub async fn create_message(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    Json(typed): Json<MessageInput>,
) -> Result<HttpResponse> {
    ConversationView::find(&app, user.id, *id).await?;
    let message = post(&app, &user, *id, &typed).await?;
    Ok(HttpResponse::Created().json(ConversationMessage::new(message, user.id)))
}

/// `GET /api/conversations/{id}/messages`: newest first; marks the returned messages as read.
pub async fn messages(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    page: Query<MessageCursor>,
) -> Result<HttpResponse> {
    if page.before.is_some_and(|id| id.0 < 0) {
        return Err(Error::BadRequest("error-cursor".into()));
    }
    let (id, before, viewer) = (*id, page.before.map(|id| id.0), user.clone());
    let find = move |conn: &mut DbConn| {
        let (room, _) = Conversation::room(conn, &viewer, id)?;
        Message::page_before_id(conn, &room, before, PAGE)
    };
    let found = app.database.read(find).await?;
    if let Some(newest) = found.first() {
        let user = user.to_public();
        app.realtime.mark_read(&user, id, newest.seq, false).await?;
    }
    let page = found
        .into_iter()
        .map(|message| ConversationMessage::new(message, user.id));
    Ok(HttpResponse::Ok().json(page.collect::<Vec<_>>()))
}

/// `POST /api/conversations/{id}/read_messages`
pub async fn read(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    ConversationView::find(&app, user.id, *id).await?;
    let user = user.to_public();
    app.realtime.mark_read(&user, *id, i64::MAX, false).await?;
    Ok(HttpResponse::NoContent().finish())
}
