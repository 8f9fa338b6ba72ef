//! Open sockets and event streams of the current user on this server.

use actix_web::HttpResponse;
use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;

use crate::controllers::App;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::error::Result;

/// Open connections of the user.
#[derive(Serialize, JsonSchema)]
pub(super) struct Connections {
    open: usize,
    /// `null`: any number.
    limit: Option<usize>,
}

/// `GET /api/connections`: returns the status of `/ws`, because browsers hide why a WebSocket failed; 429 at the
/// connection limit of the user.
pub async fn index(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    let limiter = &app.realtime.connection_limiter;
    let open = limiter.check_capacity(user.id)?;
    let limit = limiter.per_user();
    Ok(HttpResponse::Ok().json(Connections { open, limit }))
}

/// `DELETE /api/connections/oldest`: closes (4009) the connection hidden for the longest time, or else the oldest.
pub async fn destroy(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    app.realtime.evict_connection(user.id)?;
    Ok(HttpResponse::NoContent().finish())
}
