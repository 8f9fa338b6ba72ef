//! Health checks.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::controllers::App;
use crate::error::{Error, Result};

/// `GET /healthz`: the process responds.
pub async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database is reachable, migrated and writable.
pub async fn ready(app: Data<App>) -> Result<HttpResponse> {
    if !app.database.read(|conn| conn.is_migrated()).await? {
        return Err(Error::Unavailable("the database is not migrated".into()));
    }
    app.database.require_writable().await?;
    Ok(HttpResponse::Ok().body("ready\n"))
}
