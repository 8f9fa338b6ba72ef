//! File uploads (`multipart/form-data`, RFC 7578), limited in size and time.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::services::image::Upload;

/// Time for the whole form to arrive.
const TIMEOUT: Duration = Duration::from_secs(120);
/// An oversized form is read and discarded up to this multiple of the limit: a browser shows a connection error instead of
/// the response if it is cut off while sending.
const DRAIN_FACTOR: usize = 8;
/// Maximum number of parts read.
const MAX_PARTS: usize = 8;

/// A form with a file, read by [`UploadForm::read`].
pub struct UploadForm(Multipart);

impl FromRequest for UploadForm {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if request.content_type() != "multipart/form-data" {
            return ready(Err(Error::UnsupportedMedia));
        }
        ready(Ok(Self(Multipart::new(request.headers(), payload.take()))))
    }
}

impl UploadForm {
    /// Reads the file in the field `name`.
    ///
    /// # Errors
    /// `BadRequest` if the body is not a valid form; `TimedOut` if it arrives too slowly; `Invalid` for the field if the file
    /// is missing, empty, or named like a path; `PayloadTooLarge` for a file of more than `max` bytes.
    pub async fn read(self, name: &'static str, max: usize) -> Result<Upload> {
        let read = timeout(TIMEOUT, find(self.0, name, max)).await;
        read.map_err(|_| Error::TimedOut)?
    }
}

fn unreadable<E>(_: E) -> Error {
    Error::BadRequest("error-bad-request".into())
}

async fn find(mut form: Multipart, name: &'static str, max: usize) -> Result<Upload> {
    let mut found = None;
    let mut total = 0;
    for _ in 0..MAX_PARTS {
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
        let bytes = collect(field, limit, max, &mut total).await?;
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

/// Reads a part to its end; returns `None` if it is longer than `limit`. `total` counts the bytes of the form.
async fn collect(
    mut field: Field,
    limit: usize,
    max: usize,
    total: &mut usize,
) -> Result<Option<Vec<u8>>> {
    let mut bytes = Some(Vec::new());
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(unreadable)?;
        *total += chunk.len();
        if *total > max * DRAIN_FACTOR {
            return Err(Error::PayloadTooLarge);
        }
        bytes = bytes.filter(|bytes| bytes.len() + chunk.len() <= limit);
        if let Some(bytes) = &mut bytes {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes)
}

/// Whether the file name contains separators or control characters. Browsers do not send such names, so this is an attack.
fn is_path(field: &Field) -> bool {
    let disposition = field.content_disposition();
    let plain = disposition.and_then(|disposition| disposition.get_filename());
    let extended = disposition.and_then(|disposition| disposition.get_filename_ext());
    let extended = extended.map(|name| String::from_utf8_lossy(&name.value));
    let is_suspicious =
        |name: &str| name.contains(['/', '\\']) || name.chars().any(char::is_control);
    plain.is_some_and(is_suspicious) || extended.is_some_and(|name| is_suspicious(&name))
}
