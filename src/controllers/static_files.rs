//! Styles, scripts and pictures.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;

use crate::error::{Error, Result};
use crate::views::assets;

/// `GET /static/{fingerprint}/{path}`: a file never changes under its address.
pub async fn show(address: Path<(String, String)>) -> Result<HttpResponse> {
    let (fingerprint, path) = address.into_inner();
    let asset = assets::find(&fingerprint, &path).ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.media_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.data.into_owned()))
}
