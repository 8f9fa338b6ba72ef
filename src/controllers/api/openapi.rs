//! The OpenAPI description.

use actix_web::HttpResponse;
use actix_web::http::header;

/// OpenAPI 3.1 document.
const DESCRIPTION: &str = include_str!("../../../docs/openapi.json");

/// `GET /api/openapi.json`
pub async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(header::ContentType::json())
        .body(DESCRIPTION)
}
