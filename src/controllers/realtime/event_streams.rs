//! Event streams: what comes live, for those without WebSocket (HTML Standard, section 9.2).

use std::rc::Rc;

use actix_web::http::{Method, header};
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream;
use serde::Deserialize;

use crate::controllers::App;
use crate::controllers::api::ConversationMessage;
use crate::controllers::errors::sentence_of;
use crate::controllers::extractors::connecting_user::Arriving;
use crate::controllers::extractors::request_context::{Asked, accepts};
use crate::controllers::middleware::anonymous_limit::{close_with_peer, tie};
use crate::error::{Error, Result};
use crate::realtime::connection::{Arrival, Connection};
use crate::realtime::event_stream::{Events, Wanted};
use crate::realtime::frames::{Code, Id};
use crate::realtime::worker_hub::Desk;

/// Where to go on, and what the window shows.
#[derive(Deserialize)]
pub struct Start {
    after: Option<i64>,
    view: Option<Id>,
    #[serde(default)]
    away: bool,
}

/// `GET /api/events`: the socket's frames.
pub async fn all(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    Arriving(arrival): Arriving,
    start: Query<Start>,
) -> Result<HttpResponse> {
    open(&app, asked, &request, arrival, &start, Wanted::Everything).await
}

/// `GET /api/messages`: what others say to me in conversations.
pub async fn messages(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    Arriving(arrival): Arriving,
    start: Query<Start>,
) -> Result<HttpResponse> {
    let user_id = arrival.user.id.0;
    let wanted = Wanted::Conversations(Box::new(move |message| {
        serde_json::to_string(&ConversationMessage::new(message, user_id)).unwrap_or_default()
    }));
    open(&app, asked, &request, arrival, &start, wanted).await
}

async fn open(
    app: &App,
    asked: Asked,
    request: &HttpRequest,
    arrival: Arrival,
    start: &Start,
    wanted: Wanted,
) -> Result<HttpResponse> {
    if !accepts(request, "text/event-stream") {
        return Err(Error::NotAcceptable);
    }
    if request.method() == Method::HEAD {
        return Ok(headers().finish());
    }
    let desk = request.app_data::<Rc<Desk>>().cloned();
    let desk = desk.ok_or_else(|| Error::internal("the worker has no desk"))?;
    // Not all that was asked: it would stay for as long as the connection.
    let (locale, chars) = (asked.locale(), app.live.limits.content_chars);
    let connection = Connection::listen(
        desk,
        app.live.clone(),
        arrival,
        Box::new(move |code: Code| locale.translate(&sentence_of(code, chars))),
    )
    .await?;
    tie(request, &connection.seat, app.sockets.farewell_seconds);
    close_with_peer(request);
    if start.view.is_some() || start.away {
        connection.view(start.view, start.away);
    }
    let events = Events::start(connection, wanted, last_event(request).or(start.after)).await?;
    let stream = stream::unfold(events, |mut events| async move {
        let event = events.next().await?;
        Some((Ok::<Bytes, Error>(event), events))
    });
    Ok(headers().streaming(stream))
}

fn headers() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        // What ends a stream may end its connection.
        .force_close()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx would gather events otherwise.
        .insert_header(("x-accel-buffering", "no"));
    response
}

fn last_event(request: &HttpRequest) -> Option<i64> {
    let id = request.headers().get("last-event-id")?;
    id.to_str().ok()?.trim().parse().ok()
}
