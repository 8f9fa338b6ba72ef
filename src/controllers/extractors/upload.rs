//! A file that a form sends (RFC 7578), bounded in bytes and time.

use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::services::image::Upload;

/// A file must have arrived within this time.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is too large is heard out up to so many times the limit, and forgotten: a browser that is cut off while it sends
/// shows a broken connection instead of our answer.
const HEARD_OUT: usize = 8;
/// The most parts of a form.
const PARTS: usize = 8;

/// Reads the file of the field `name`, which may be empty.
///
/// # Errors
/// `BadRequest` for what is no such form; `TimedOut` for what comes too slowly; `Invalid` for the field when there is no file or its name
/// is a path; `PayloadTooLarge` past `max` bytes.
pub async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    name: &'static str,
    max: usize,
) -> Result<Upload> {
    let form = Multipart::from_request(request, &mut payload).await;
    let form = form.map_err(unreadable)?;
    let read = timeout(PATIENCE, find(form, name, max)).await;
    read.map_err(|_| Error::TimedOut)?
}

fn unreadable<E>(_: E) -> Error {
    Error::BadRequest("error-bad-request".into())
}

async fn find(mut form: Multipart, name: &'static str, max: usize) -> Result<Upload> {
    let mut found = None;
    let mut heard = 0;
    for _ in 0..PARTS {
        let Some(field) = form.next().await else {
            break;
        };
        let field = field.map_err(unreadable)?;
        let is_wanted = field.name() == Some(name) && found.is_none();
        let media_type = field
            .content_type()
            .map(|kind| kind.essence_str().to_owned());
        let is_path = is_path(&field);
        let limit = if is_wanted { max } else { 0 };
        let bytes = collect(field, limit, max, &mut heard).await?;
        if is_wanted {
            found = Some((bytes, media_type, is_path));
        }
    }
    match found {
        Some((None, ..)) => Err(Error::PayloadTooLarge),
        Some((Some(_), _, true)) => Err(Error::field(name, "error-file-name")),
        Some((Some(bytes), media_type, false)) if !bytes.is_empty() => {
            Ok(Upload { bytes, media_type })
        }
        _ => Err(Error::field(name, "error-file-missing")),
    }
}

/// All of a part; `None` when it is longer than `limit`.
async fn collect(
    mut field: Field,
    limit: usize,
    max: usize,
    heard: &mut usize,
) -> Result<Option<Vec<u8>>> {
    let mut bytes = Some(Vec::new());
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(unreadable)?;
        *heard += chunk.len();
        if *heard > max * HEARD_OUT {
            return Err(Error::PayloadTooLarge);
        }
        bytes = bytes.filter(|bytes| bytes.len() + chunk.len() <= limit);
        if let Some(bytes) = &mut bytes {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes)
}

/// No browser sends one, and nothing here is stored under it; whoever does has something else in mind.
fn is_path(field: &Field) -> bool {
    let disposition = field.content_disposition();
    let plain = disposition.and_then(|disposition| disposition.get_filename());
    let extended = disposition.and_then(|disposition| disposition.get_filename_ext());
    let extended = extended.map(|name| String::from_utf8_lossy(&name.value));
    let is_odd = |name: &str| name.contains(['/', '\\']) || name.chars().any(char::is_control);
    plain.is_some_and(is_odd) || extended.is_some_and(|name| is_odd(&name))
}
