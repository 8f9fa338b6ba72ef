//! A room's messages: reading the history, posting, editing and deleting.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page;
use super::page::FormState;
use super::page::message_list;
use super::page::message_list::{
    IfNoneMatch, LoadedMessages, MessageListQuery, PAGE, Representation,
};
use crate::controllers::extractors::current_user::{CurrentUser, LazyCurrentUser};
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, gzip_html, redirect_or_no_content, see_other};
use crate::error::{Error, Result};
use crate::models::auth::session::ActiveSession;
use crate::models::database::connection::DbConn;
use crate::models::message::{Cursor, Message};
use crate::models::message_store::new_message;
use crate::models::room::Room;
use crate::models::user::User;
use crate::models::values::client_id::ClientId;
use crate::models::values::content::Content;
use crate::protocol;
use crate::protocol::commands::{Change, MessageRef, WriteCommand};
use crate::views::gzip;

/// Largest accepted `limit`; larger ones are reduced to it.
const PAGE_MAX: i64 = 100;
/// Browsers may store the response but must revalidate it.
const CACHE: &str = "private, no-cache";

/// Selects a range of the history. Unknown parameters are an error: a misspelled one would select another range.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    before: Option<i64>,
    after: Option<i64>,
    limit: Option<i64>,
}

impl HistoryQuery {
    fn parse(&self) -> Result<(Cursor, i64)> {
        let cursor = cursor(self.before, self.after)?;
        match self.limit.unwrap_or(PAGE) {
            limit @ 1..=PAGE_MAX => Ok((cursor, limit)),
            limit if limit > PAGE_MAX => Ok((cursor, PAGE_MAX)),
            _ => Err(Error::BadRequest("error-limit".into())),
        }
    }
}

/// Converts `before` and `after`, both exclusive, into a cursor.
///
/// # Errors
/// `BadRequest` for a number below 0.
pub(in crate::controllers) fn cursor(before: Option<i64>, after: Option<i64>) -> Result<Cursor> {
    if [before, after].into_iter().flatten().any(|seq| seq < 0) {
        return Err(Error::BadRequest("error-cursor".into()));
    }
    Ok(match (before, after) {
        (Some(before), Some(after)) => Cursor::Between(after, before),
        (Some(seq), None) => Cursor::Before(seq),
        (None, Some(seq)) => Cursor::After(seq),
        (None, None) => Cursor::Newest,
    })
}

/// Result of reading the history.
enum HistoryResponse {
    NotModified,
    Json(Vec<protocol::Message>),
    Fragment(LoadedMessages, MessageListQuery),
}

/// `GET /rooms/{id}/messages`: an HTML fragment or JSON, oldest first.
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    caller: LazyCurrentUser,
    id: Path<i64>,
    range: Result<Query<HistoryQuery>, actix_web::Error>,
) -> Result<HttpResponse> {
    let range = range.map_err(|_| Error::BadRequest("error-cursor".into()));
    let (cursor, limit) = match range.and_then(|range| range.parse()) {
        Ok(range) => range,
        Err(error) => {
            // Without a session the response is 401, also for an invalid range.
            caller.authenticate_and_read(|_, _| Ok(())).await?;
            return Err(error);
        }
    };
    let id = *id;
    let list_query = MessageListQuery {
        room_id: id,
        cursor,
        limit,
        display: context.display_preferences(),
        cache: app.message_lists.clone(),
    };
    let representation = Representation::new(&app, &context);
    let if_none_match = IfNoneMatch::from_request(&request);
    let read = move |conn: &mut DbConn, live: &ActiveSession| {
        let (room, _) = Room::find_for(conn, &live.user, id)?;
        let version = message_list::version(conn, &room)?;
        let representation = representation.with_preferences(&live.preferences);
        let etag = representation.etag(version);
        let found = match representation.is_json {
            _ if if_none_match.matches(&etag) => HistoryResponse::NotModified,
            true => HistoryResponse::Json(Message::page(conn, &room, cursor, limit)?),
            false => {
                let list_query = list_query.with_preferences(&live.preferences);
                HistoryResponse::Fragment(list_query.read(conn, &room, version)?, list_query)
            }
        };
        Ok((etag, found))
    };
    let (_, (etag, found)) = caller.authenticate_and_read(read).await?;
    let mut response = match found {
        HistoryResponse::NotModified => HttpResponse::NotModified()
            .insert_header((header::CACHE_CONTROL, CACHE))
            .finish(),
        HistoryResponse::Json(messages) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, CACHE))
            .json(messages),
        HistoryResponse::Fragment(loaded, list_query) => {
            let list = list_query.render(&app, loaded)?;
            gzip_html(&context, gzip::assemble(&list.blocks), CACHE)?
        }
    };
    let etag = header::HeaderValue::try_from(etag).map_err(Error::internal)?;
    response.headers_mut().insert(header::ETAG, etag);
    response.headers_mut().insert(
        header::VARY,
        header::HeaderValue::from_static("accept, accept-language, cookie"),
    );
    Ok(response)
}

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
    input: FormOrJson<MessageInput>,
) -> Result<HttpResponse> {
    let typed = input.fields;
    match post(&app, &user, *id, &typed).await {
        Ok(message) if input.is_json => Ok(HttpResponse::Created().json(message)),
        Ok(_) => Ok(see_other(&format!("/rooms/{id}"))),
        Err(Error::Invalid(fields)) if !input.is_json && !context.wants_json => {
            let form = FormState {
                values: vec![("content", typed.content)],
                errors: fields,
                ..FormState::default()
            };
            let mut response = page::show_with_errors(&app, &context, user, *id, form).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
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
    Ok(app
        .realtime
        .writer
        .write(WriteCommand::Post(new_message(
            user.id, room_id, client_id, &content,
        )))
        .await?
        .message)
}

/// The new text of a message.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MessageEditInput {
    content: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /rooms/{id}/messages/{seq}` with `_method`
pub async fn method_override(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    path: Path<(i64, i64)>,
    input: FormOrJson<MessageEditInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Put | Method::Patch => update(app, context, current, path, input).await,
        Method::Delete => destroy(app, context, current, path).await,
        Method::Post => Err(Error::MethodNotAllowed),
    }
}

/// `PATCH /rooms/{id}/messages/{seq}`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    path: Path<(i64, i64)>,
    input: FormOrJson<MessageEditInput>,
) -> Result<HttpResponse> {
    let (room_id, seq) = *path;
    let message = edit(&app, &user, (room_id, seq), &input.fields).await?;
    Ok(match input.is_json || context.wants_json {
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
    let target = MessageRef {
        room_id,
        seq,
        user_id: user.id,
    };
    change(&app, WriteCommand::Change(target, Change::Delete), user.id).await?;
    Ok(redirect_or_no_content(
        &context,
        false,
        &format!("/rooms/{room_id}?at={seq}"),
    ))
}

pub(in crate::controllers) async fn edit(
    app: &App,
    user: &User,
    (room_id, seq): (i64, i64),
    fields: &MessageEditInput,
) -> Result<protocol::Message> {
    let content = Content::parse(&fields.content)?.as_str().to_owned();
    let user_id = user.id;
    let target = MessageRef {
        room_id,
        seq,
        user_id,
    };
    change(
        app,
        WriteCommand::Change(target, Change::Edit(content)),
        user_id,
    )
    .await
}

pub(in crate::controllers) async fn change(
    app: &App,
    write: WriteCommand,
    user_id: i64,
) -> Result<protocol::Message> {
    check_rate_limit(app, user_id)?;
    Ok(app.realtime.writer.write(write).await?.message)
}

fn check_rate_limit(app: &App, user_id: i64) -> Result<()> {
    let taken = app.realtime.rate_limiter.try_acquire(user_id);
    taken.map_err(|wait| Error::RateLimited {
        seconds: wait.as_secs_f64().ceil().max(1.0) as u64,
    })
}

#[cfg(test)]
mod tests;
