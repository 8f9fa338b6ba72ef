//! A room's messages: reading its history and saying something.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::page;
use super::page::Mistakes;
use super::page::message_list;
use super::page::message_list::{Form, History, Known, Wanted};
use crate::controllers::extractors::current_user::{LazyCurrentUser, CurrentUser};
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content, gzip_html, see_other};
use crate::error::{Error, Result};
use crate::models::auth::session::ActiveSession;
use crate::models::database::connection::DbConn;
use crate::models::message::{Cursor, Message};
use crate::models::message_store::new_message;
use crate::models::room::Room;
use crate::models::user::User;
use crate::models::values::client_id::ClientId;
use crate::models::values::content::Content;
use crate::realtime::frames;
use crate::realtime::store::{MessageRef, WriteCommand};
use crate::views::gzip;

/// Messages of a page when the request does not say.
pub const PAGE: i64 = 50;
/// The most that a request may ask for.
const PAGE_MAX: i64 = 100;
/// Kept by the browser, but asked about each time.
const CACHE: &str = "private, no-cache";

/// Selects a part of the history. Refuses unknown parameters, so that a misspelled one does not select the wrong page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    before: Option<i64>,
    after: Option<i64>,
    limit: Option<i64>,
}

impl Range {
    fn parse(&self) -> Result<(Cursor, i64)> {
        let cursor = cursor(self.before, self.after)?;
        match self.limit.unwrap_or(PAGE) {
            limit @ 1..=PAGE_MAX => Ok((cursor, limit)),
            limit if limit > PAGE_MAX => Ok((cursor, PAGE_MAX)),
            _ => Err(Error::BadRequest("error-limit".into())),
        }
    }
}

/// Up to which message, and from which on: both ends are exclusive.
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

/// What there is to answer.
enum Found {
    /// The client has it.
    Known,
    Messages(Vec<frames::Message>),
    History(History, Wanted),
}

/// `GET /rooms/{id}/messages`: an HTML fragment or JSON, oldest first.
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    caller: LazyCurrentUser,
    id: Path<i64>,
    range: Result<Query<Range>, actix_web::Error>,
) -> Result<HttpResponse> {
    let range = range.map_err(|_| Error::BadRequest("error-cursor".into()));
    let (cursor, limit) = match range.and_then(|range| range.parse()) {
        Ok(range) => range,
        Err(error) => {
            // Strangers are told to sign in, whatever they ask for.
            caller.authenticate_and_read(|_, _| Ok(())).await?;
            return Err(error);
        }
    };
    let id = *id;
    let wanted = Wanted {
        room_id: id,
        cursor,
        limit,
        look: context.display_preferences(),
        lists: app.message_lists.clone(),
    };
    let form = Form::of(&app, &context);
    let known = Known::of(&request);
    let read = move |conn: &mut DbConn, live: &ActiveSession| {
        let (room, _) = Room::find_for(conn, &live.user, id)?;
        let version = message_list::version(conn, &room)?;
        let form = form.preferring(&live.preferences);
        let etag = form.etag(version);
        let found = match form.is_json {
            _ if known.has(&etag) => Found::Known,
            true => Found::Messages(Message::page(conn, &room, cursor, limit)?),
            false => {
                let wanted = wanted.preferring(&live.preferences);
                Found::History(wanted.read(conn, &room, version)?, wanted)
            }
        };
        Ok((etag, found))
    };
    let (_, (etag, found)) = caller.authenticate_and_read(read).await?;
    let mut response = match found {
        Found::Known => HttpResponse::NotModified()
            .insert_header((header::CACHE_CONTROL, CACHE))
            .finish(),
        Found::Messages(messages) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, CACHE))
            .json(messages),
        Found::History(history, wanted) => {
            let list = wanted.fill(&app, history)?;
            gzip_html(&context, gzip::file(&list.blocks), CACHE)?
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

/// What somebody says.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewMessage {
    pub(in crate::controllers) content: String,
    pub(in crate::controllers) client_id: Option<String>,
}

/// `POST /rooms/{id}/messages`: form in, back to the room; JSON in, JSON out.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    input: FormOrJson<NewMessage>,
) -> Result<HttpResponse> {
    let typed = input.fields;
    match post(&app, &user, *id, &typed).await {
        Ok(message) if input.is_json => Ok(HttpResponse::Created().json(message)),
        Ok(_) => Ok(see_other(&format!("/rooms/{id}"))),
        Err(Error::Invalid(fields)) if !input.is_json && !context.wants_json => {
            let typed = vec![("content", typed.content)];
            let mistakes = Mistakes {
                typed,
                fields,
                ..Mistakes::default()
            };
            let mut response = page::corrected(&app, &context, user, *id, mistakes).await?;
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
    typed: &NewMessage,
) -> Result<frames::Message> {
    let client_id = match &typed.client_id {
        None => ClientId::random(),
        Some(given) => {
            ClientId::parse(given).ok_or_else(|| Error::field("clientId", "error-client-id"))?
        }
    };
    let content = Content::parse(&typed.content)?;
    throttle(app, user.id)?;
    Ok(app
        .realtime
        .writer
        .write(WriteCommand::Post(new_message(user.id, room_id, client_id, &content)))
        .await?
        .message)
}

/// A message's new text.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MessageFields {
    content: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /rooms/{id}/messages/{seq}` with `_method`
pub async fn overridden(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    place: Path<(i64, i64)>,
    input: FormOrJson<MessageFields>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Put | Method::Patch => update(app, context, current, place, input).await,
        Method::Delete => destroy(app, context, current, place).await,
        Method::Post => Err(Error::MethodNotAllowed),
    }
}

/// `PATCH /rooms/{id}/messages/{seq}`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    place: Path<(i64, i64)>,
    input: FormOrJson<MessageFields>,
) -> Result<HttpResponse> {
    let (room_id, seq) = *place;
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
    place: Path<(i64, i64)>,
) -> Result<HttpResponse> {
    let (room_id, seq) = *place;
    let target = MessageRef {
        room_id,
        seq,
        user_id: user.id,
    };
    change(&app, WriteCommand::Delete(target), user.id).await?;
    Ok(redirect_or_no_content(&context, false, &format!("/rooms/{room_id}?at={seq}")))
}

pub(in crate::controllers) async fn edit(
    app: &App,
    user: &User,
    (room_id, seq): (i64, i64),
    fields: &MessageFields,
) -> Result<frames::Message> {
    let content = Content::parse(&fields.content)?.as_str().to_owned();
    let user_id = user.id;
    let target = MessageRef {
        room_id,
        seq,
        user_id,
    };
    change(app, WriteCommand::Edit { target, content }, user_id).await
}

pub(in crate::controllers) async fn change(
    app: &App,
    write: WriteCommand,
    user_id: i64,
) -> Result<frames::Message> {
    throttle(app, user_id)?;
    Ok(app.realtime.writer.write(write).await?.message)
}

fn throttle(app: &App, user_id: i64) -> Result<()> {
    let taken = app.realtime.rate_limiter.try_acquire(user_id);
    taken.map_err(|wait| Error::RateLimited {
        seconds: wait.as_secs_f64().ceil().max(1.0) as u64,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_part_of_the_history_is_a_sensible_one_or_an_error(
            before in any::<Option<i64>>(),
            after in any::<Option<i64>>(),
            limit in prop_oneof![any::<Option<i64>>(), (-2_i64..200).prop_map(Some)],
        ) {
            match (Range { before, after, limit }).parse() {
                Ok((_, count)) => {
                    prop_assert!(before.is_none_or(|seq| seq >= 0) && after.is_none_or(|seq| seq >= 0));
                    prop_assert_eq!(count, limit.unwrap_or(PAGE).min(PAGE_MAX));
                    prop_assert!((1..=PAGE_MAX).contains(&count));
                }
                Err(_) => {
                    let is_negative = [before, after].into_iter().flatten().any(|seq| seq < 0);
                    prop_assert!(is_negative || limit.is_some_and(|limit| limit < 1));
                }
            }
        }

        #[test]
        fn any_query_is_read_or_refused(query in prop_oneof![any::<String>(), "(before|after|limit|=|&|-|[0-9]|%){0,12}"]) {
            let _ = Query::<Range>::from_query(&query).map(|range| range.parse().is_ok());
        }
    }
}
