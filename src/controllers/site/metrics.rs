//! Metrics for Prometheus.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;

use crate::controllers::App;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::auth::session::KeyHash;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`: only for requests from the same machine, or with the configured token.
pub async fn show(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    if !context.is_loopback && !has_token(&app, &context) {
        return Err(Error::NotFound);
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, CONTENT_TYPE))
        .body(app.metrics.encode()?))
}

fn has_token(app: &App, context: &RequestContext) -> bool {
    let given = context.token.as_deref().map(KeyHash::of);
    given.is_some() && given == app.site.metrics_token
}
