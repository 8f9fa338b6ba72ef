//! Static files: styles, scripts, fonts and images.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;

use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::views::assets::{self, Encoding};

/// `GET /static/{fingerprint}/{path}`: immutable, because the address contains a fingerprint of the content.
pub async fn show(
    context: RequestContext,
    address: Path<(String, String)>,
) -> Result<HttpResponse> {
    let (fingerprint, path) = address.into_inner();
    let asset = assets::find(&fingerprint, &path).ok_or(Error::NotFound)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, asset.media_type.as_str()))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"));
    let encodings = [Encoding::Brotli, Encoding::Gzip];
    let encoding = encodings
        .into_iter()
        .find(|encoding| context.accepts_encoding(*encoding));
    let compressed = encoding.and_then(|encoding| Some((encoding, asset.compressed(encoding)?)));
    Ok(match compressed {
        Some((encoding, file)) => response
            .insert_header((header::CONTENT_ENCODING, encoding.name()))
            .body(file.clone()),
        None => response.body(asset.data.clone()),
    })
}
