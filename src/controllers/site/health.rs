//! Whether the program lives, and whether it can work.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::controllers::App;
use crate::error::{Error, Result};

/// `GET /healthz`
pub async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database answers, is migrated, and can be written.
pub async fn ready(app: Data<App>) -> Result<HttpResponse> {
    if !app.database.read(|conn| conn.is_migrated()).await? {
        return Err(Error::Unavailable("the database is not migrated".into()));
    }
    app.database.require_writable().await?;
    Ok(HttpResponse::Ok().body("ready\n"))
}
