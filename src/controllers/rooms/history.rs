//! A room's history.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;

use super::page::message_list::{self, IfNoneMatch, LoadedMessages, MessageListQuery, PAGE};
use crate::controllers::extractors::current_user::LazyCurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, gzip_html};
use crate::error::{Error, Result};
use crate::models::auth::session::ActiveSession;
use crate::models::database::connection::DbConn;
use crate::models::message::{Cursor, Message};
use crate::models::room::Room;
use crate::protocol;
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
    caller: LazyCurrentUser,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
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
    let list_query = MessageListQuery::new(&app, &context, id, cursor, limit);
    let (epoch, is_json) = (app.realtime.epoch.clone(), context.wants_json);
    let read = move |conn: &mut DbConn, live: &ActiveSession| {
        let list_query = list_query.with_preferences(&live.preferences);
        let (room, _) = Room::find_for(conn, &live.user, id)?;
        let version = message_list::version(conn, &room)?;
        let etag = list_query.etag(&epoch, version, is_json);
        let found = match is_json {
            _ if if_none_match.matches(&etag) => HistoryResponse::NotModified,
            true => HistoryResponse::Json(Message::page(conn, &room, cursor, limit)?),
            false => HistoryResponse::Fragment(list_query.read(conn, &room, version)?, list_query),
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

#[cfg(test)]
mod tests;
