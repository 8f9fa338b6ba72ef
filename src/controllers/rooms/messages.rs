//! A room's messages: posting, editing and deleting.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::rooms::respond_with;
use crate::controllers::{App, redirect_or_no_content, see_other};
use crate::error::{Error, Result};
use crate::models::message_store::new_message;
use crate::models::user::User;
use crate::models::values::client_id::ClientId;
use crate::models::values::content::Content;
use crate::protocol;
use crate::protocol::commands::{Change, MessageRef, WriteCommand};

/// A new message.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MessageInput {
    pub(in crate::controllers) content: String,
    pub(in crate::controllers) client_id: Option<String>,
}

/// `POST /rooms/{id}/messages`: returns the message for JSON input, and redirects to the room for a form.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    FormOrJson(typed): FormOrJson<MessageInput>,
) -> Result<HttpResponse> {
    let posted = post(&app, &user, *id, &typed).await;
    let posted = posted.map(|message| match context.has_json_body {
        true => HttpResponse::Created().json(message),
        false => see_other(&format!("/rooms/{id}")),
    });
    let values = vec![("content", typed.content)];
    respond_with(&app, &context, user, *id, posted, values).await
}

pub(in crate::controllers) async fn post(
    app: &App,
    user: &User,
    room_id: i64,
    typed: &MessageInput,
) -> Result<protocol::Message> {
    let client_id = match &typed.client_id {
        None => ClientId::random(),
        Some(given) => {
            ClientId::parse(given).ok_or_else(|| Error::field("clientId", "error-client-id"))?
        }
    };
    let content = Content::parse(&typed.content)?;
    check_rate_limit(app, user.id)?;
    let new = new_message(user.id, room_id, client_id, &content);
    let written = app.realtime.writer.write(WriteCommand::Post(new));
    Ok(written.await?.message)
}

/// The new text of a message.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MessageEditInput {
    content: String,
}

/// `PATCH /rooms/{id}/messages/{seq}`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    path: Path<(i64, i64)>,
    FormOrJson(typed): FormOrJson<MessageEditInput>,
) -> Result<HttpResponse> {
    let (room_id, seq) = *path;
    let message = edit(&app, &user, (room_id, seq), &typed).await?;
    Ok(match context.expects_json() {
        true => HttpResponse::Ok().json(message),
        false => see_other(&format!("/rooms/{room_id}?at={seq}")),
    })
}

/// `DELETE /rooms/{id}/messages/{seq}`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    path: Path<(i64, i64)>,
) -> Result<HttpResponse> {
    let (room_id, seq) = *path;
    change(&app, &user, *path, Change::Delete).await?;
    let location = format!("/rooms/{room_id}?at={seq}");
    Ok(redirect_or_no_content(&context, &location))
}

pub(in crate::controllers) async fn edit(
    app: &App,
    user: &User,
    path: (i64, i64),
    fields: &MessageEditInput,
) -> Result<protocol::Message> {
    let content = Content::parse(&fields.content)?.as_str().to_owned();
    change(app, user, path, Change::Edit(content)).await
}

pub(in crate::controllers) async fn change(
    app: &App,
    user: &User,
    (room_id, seq): (i64, i64),
    change: Change,
) -> Result<protocol::Message> {
    check_rate_limit(app, user.id)?;
    let target = MessageRef {
        room_id,
        seq,
        user_id: user.id,
    };
    let write = WriteCommand::Change(target, change);
    Ok(app.realtime.writer.write(write).await?.message)
}

fn check_rate_limit(app: &App, user_id: i64) -> Result<()> {
    let taken = app.realtime.rate_limiter.try_acquire(user_id);
    taken.map_err(|wait| Error::RateLimited {
        seconds: wait.as_secs_f64().ceil().max(1.0) as u64,
    })
}
