//! Metrics for Prometheus.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::controllers::App;
use crate::controllers::extractors::client_address::is_loopback;
use crate::controllers::extractors::session_token::session_token;
use crate::error::{Error, Result};
use crate::models::auth::session::KeyHash;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`: only for requests from the same machine, or with the configured token.
pub async fn show(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    if !is_loopback(&request) && !has_token(&app, &request) {
        return Err(Error::NotFound);
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, CONTENT_TYPE))
        .body(app.metrics.encode()?))
}

fn has_token(app: &App, request: &HttpRequest) -> bool {
    let given = session_token(request).map(|token| KeyHash::of(&token));
    given.is_some() && given == app.site.metrics_token
}
