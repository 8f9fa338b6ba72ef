//! Turns uploaded pictures into avatars: small, square, and without metadata.

mod jpeg;

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    RgbImage, Rgba, RgbaImage,
};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::models::user::avatar::Avatar;
use crate::services::user_permits::{UserPermit, UserPermits};

/// Maximum size of an upload. A phone's photo of 12 megapixels has about 5 MB.
pub const UPLOAD_MAX_BYTES: usize = 10 * 1024 * 1024;
const FORMATS: [ImageFormat; 4] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::WebP,
    ImageFormat::Gif,
];
/// Width and height of an avatar in pixels.
const AVATAR_SIDE: u32 = 256;
const AVATAR_MAX_BYTES: usize = 64 * 1024;
/// JPEG qualities to try until the file is small enough. The last one is used in any case.
const QUALITIES: [u8; 5] = [88, 80, 70, 50, 30];
/// Maximum number of pixels. Cameras of 12 megapixels produce slightly more than 4,096 × 3,072.
const MAX_PIXELS: u64 = 13_500_000;
/// Pictures with more pixels are accepted if decoding takes no more memory than this, as with palette images.
const SMALL_BYTES: u64 = 40 * 1024 * 1024;
/// Maximum memory for decoding: 12 megapixels in four channels of 16 bits, or a progressive JPEG of four components with
/// its coefficients.
const DECODED_MAX_BYTES: u64 = 160 * 1024 * 1024;
/// Size of a coefficient of a progressive JPEG. The decoder keeps all coefficients until the last scan.
const COEFFICIENT_BYTES: u64 = 2;
/// Maximum number of uploads that are being received or processed.
const MAX_UPLOADS: usize = 4;
/// `Retry-After` while an upload of the user is in progress, in seconds.
const RETRY_SECONDS: u64 = 5;

/// An uploaded picture.
#[derive(Debug)]
pub struct Upload {
    /// The file, at most [`UPLOAD_MAX_BYTES`].
    pub bytes: Vec<u8>,
    /// The declared media type, such as `image/png`.
    pub media_type: Option<String>,
}

/// Processes uploads one at a time, because decoding a photo of 12 megapixels takes 40 to 160 MB.
#[derive(Debug, Clone)]
pub struct AvatarProcessor {
    decode_permit: Arc<Semaphore>,
    /// Users whose uploads are being received or processed.
    permits: UserPermits,
}

impl Default for AvatarProcessor {
    fn default() -> Self {
        Self {
            decode_permit: Arc::new(Semaphore::new(1)),
            permits: UserPermits::default(),
        }
    }
}

impl AvatarProcessor {
    /// Returns a permit to hold from before the upload's first byte is read until it is processed.
    ///
    /// # Errors
    /// `RateLimited` when the user is already uploading a picture; `Unavailable` when too many others are.
    pub fn acquire_permit(&self, user_id: i64) -> Result<UserPermit> {
        self.permits.acquire(user_id, MAX_UPLOADS, RETRY_SECONDS)
    }

    /// Turns an upload into an avatar.
    ///
    /// # Errors
    /// `Invalid` for `avatar` when the format is unsupported or differs from the declared one, the picture has too many
    /// pixels, or the file is corrupt.
    pub async fn process(&self, upload: Upload) -> Result<Avatar> {
        let permit = self.decode_permit.clone().acquire_owned().await;
        let permit = permit.map_err(Error::internal)?;
        let done = spawn_blocking(move || {
            let _permit = permit;
            process(upload)
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "picture decoder panicked");
            Err(invalid("error-avatar-broken"))
        })
    }
}

fn invalid(message: &'static str) -> Error {
    Error::field("avatar", message)
}

fn decoding_error(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => invalid("error-avatar-pixels"),
        _ => invalid("error-avatar-broken"),
    }
}

fn process(upload: Upload) -> Result<Avatar> {
    let format = format_of(&upload)?;
    let (image, orientation) = decode(upload.bytes, format)?;
    let mut square = DynamicImage::from(crop_and_resize(&image));
    square.apply_orientation(orientation);
    encode(&on_white(&square))
}

/// Detects the format from the file's first bytes. It must match the declared media type.
fn format_of(upload: &Upload) -> Result<ImageFormat> {
    let format = image::guess_format(&upload.bytes).ok();
    let format = format.filter(|format| FORMATS.contains(format));
    let format = format.ok_or_else(|| invalid("error-avatar-kind"))?;
    match upload.media_type.as_deref() {
        None | Some("application/octet-stream") => Ok(format),
        Some("image/jpg" | "image/pjpeg") if format == ImageFormat::Jpeg => Ok(format),
        Some(declared) if declared == format.to_mime_type() => Ok(format),
        Some(_) => Err(invalid("error-avatar-mismatch")),
    }
}

/// Returns the pixels and the orientation. Limits are checked against the header before the pixels are decoded.
fn decode(bytes: Vec<u8>, format: ImageFormat) -> Result<(DynamicImage, Orientation)> {
    let coefficients = match format {
        // The decoder would fill the missing part of a truncated JPEG with grey.
        ImageFormat::Jpeg => {
            jpeg::coefficients_per_pixel(&bytes).ok_or_else(|| invalid("error-avatar-broken"))?
        }
        _ => 0,
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(decoding_error)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let needed = pixels
        .saturating_mul(coefficients * COEFFICIENT_BYTES)
        .saturating_add(decoder.total_bytes());
    if needed > SMALL_BYTES && (pixels > MAX_PIXELS || needed > DECODED_MAX_BYTES) {
        return Err(invalid("error-avatar-pixels"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(decoding_error)?;
    match image.dimensions() {
        (0, _) | (_, 0) => Err(invalid("error-avatar-broken")),
        _ => Ok((image, orientation)),
    }
}

/// Crops a picture to its central square and resizes it, without copying a large picture.
fn crop_and_resize(image: &DynamicImage) -> RgbaImage {
    let (width, height) = image.dimensions();
    let side = width.min(height);
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    let square = imageops::crop_imm(image, left, top, side, side);
    // A fast filter reduces the picture to twice the size, a better one to the final size.
    let step = side.min(2 * AVATAR_SIDE);
    let reduced = imageops::thumbnail(&*square, step, step);
    imageops::resize(&reduced, AVATAR_SIDE, AVATAR_SIDE, FilterType::CatmullRom)
}

/// Blends a picture over white, because JPEG has no transparency.
fn on_white(image: &DynamicImage) -> RgbImage {
    let white = RgbaImage::from_pixel(image.width(), image.height(), Rgba([255; 4]));
    let mut white = DynamicImage::from(white);
    imageops::overlay(&mut white, image, 0, 0);
    white.into_rgb8()
}

fn encode(picture: &RgbImage) -> Result<Avatar> {
    let mut file = Vec::new();
    for quality in QUALITIES {
        file.clear();
        JpegEncoder::new_with_quality(&mut file, quality)
            .encode_image(picture)
            .map_err(Error::internal)?;
        if file.len() <= AVATAR_MAX_BYTES {
            break;
        }
    }
    Ok(Avatar::from_jpeg(file))
}
