//! My sockets and event streams on this server, of which there is a limit.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use crate::controllers::App;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::error::Result;

/// How many there are, and may be (`null`: any number).
#[derive(Serialize)]
struct Connections {
    open: usize,
    limit: Option<usize>,
}

/// `GET /api/connections`: returns the status that `/ws` would, because browsers hide why a socket was refused; 429 when
/// the person's connection limit is reached.
pub async fn index(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    let turnstile = &app.realtime.turnstile;
    let open = turnstile.check_place(user.id)?;
    let limit = turnstile.per_person();
    Ok(HttpResponse::Ok().json(Connections { open, limit }))
}

/// `DELETE /api/connections/oldest`: the one that is hidden for the longest, or else the oldest, is closed with 4009.
pub async fn destroy(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    app.realtime.free_place(user.id)?;
    Ok(HttpResponse::NoContent().finish())
}
