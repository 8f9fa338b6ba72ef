//! Avatar images.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path};

use crate::controllers::App;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::error::{Error, Result};
use crate::models::user::avatar;

/// `GET /avatars/{hash}`: immutable, because the address contains the hash of the image.
pub async fn show(app: Data<App>, _: CurrentUser, hash: Path<String>) -> Result<HttpResponse> {
    let hash = hash.into_inner();
    if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::NotFound);
    }
    let image = app
        .database
        .read(move |conn| avatar::find(conn, &hash))
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "image/jpeg"))
        .insert_header((
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ))
        .body(image))
}
