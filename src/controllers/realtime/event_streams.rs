//! Server-sent events (HTML Standard, section 9.2), for clients without WebSocket.

use actix_web::http::{Method, header};
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream;
use serde::Deserialize;

use super::attach;
use crate::controllers::App;
use crate::controllers::api::ConversationMessage;
use crate::controllers::extractors::accept::accepts;
use crate::controllers::extractors::connecting_user::ConnectingUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::protocol::Id;
use crate::realtime::connection::ConnectRequest;
use crate::realtime::event_stream::{EventStream, StreamContent};
use crate::realtime::subscriber::Subscriber;

/// Last event received, the room in view, and whether the user is away.
#[derive(Deserialize)]
pub struct StreamQuery {
    after: Option<i64>,
    view: Option<Id>,
    #[serde(default)]
    away: bool,
}

/// `GET /api/events`: the frames of the WebSocket.
pub async fn all(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    ConnectingUser(connect_request): ConnectingUser,
    query: Query<StreamQuery>,
) -> Result<HttpResponse> {
    open(
        &app,
        context,
        &request,
        connect_request,
        &query,
        StreamContent::AllFrames,
    )
    .await
}

/// `GET /api/messages`: messages of other users in the user's conversations.
pub async fn messages(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    ConnectingUser(connect_request): ConnectingUser,
    query: Query<StreamQuery>,
) -> Result<HttpResponse> {
    let user_id = connect_request.user.id.0;
    let content = StreamContent::DirectMessages(Box::new(move |message| {
        serde_json::to_string(&ConversationMessage::new(message, user_id)).unwrap_or_default()
    }));
    open(&app, context, &request, connect_request, &query, content).await
}

async fn open(
    app: &App,
    context: RequestContext,
    request: &HttpRequest,
    connect_request: ConnectRequest,
    query: &StreamQuery,
    content: StreamContent,
) -> Result<HttpResponse> {
    if !accepts(request, "text/event-stream") {
        return Err(Error::NotAcceptable);
    }
    if request.method() == Method::HEAD {
        return Ok(headers().finish());
    }
    let make = Subscriber::event_stream;
    let connection = attach::open(app, &context, request, connect_request, make).await?;
    attach::close_with_peer(request);
    if query.view.is_some() || query.away {
        connection.view(query.view, query.away);
    }
    let events =
        EventStream::start(connection, content, last_event(request).or(query.after)).await?;
    let stream = stream::unfold(events, |mut events| async move {
        let event = events.next().await?;
        Some((Ok::<Bytes, Error>(event), events))
    });
    Ok(headers().streaming(stream))
}

fn headers() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        // The connection closes when the stream ends.
        .force_close()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Disables nginx's buffering.
        .insert_header(("x-accel-buffering", "no"));
    response
}

/// Returns the `Last-Event-ID` header.
fn last_event(request: &HttpRequest) -> Option<i64> {
    let id = request.headers().get("last-event-id")?;
    id.to_str().ok()?.trim().parse().ok()
}
