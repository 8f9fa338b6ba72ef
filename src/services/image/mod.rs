//! Turns uploaded pictures into avatars: small, square, and without metadata.

mod jpeg;

use std::collections::HashSet;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    RgbImage,
};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::{Error, Result};
use crate::models::user::avatar::Avatar;

/// Maximum size of an upload. A phone's photo of 12 megapixels has about 5 MB.
pub const UPLOAD_MAX_BYTES: usize = 10 * 1024 * 1024;
/// Width and height of an avatar in pixels.
const SIDE: u32 = 256;
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
    /// Ids of the users whose uploads are being received or processed.
    uploading: Arc<Mutex<HashSet<i64>>>,
}

impl Default for AvatarProcessor {
    fn default() -> Self {
        Self {
            decode_permit: Arc::new(Semaphore::new(1)),
            uploading: Arc::default(),
        }
    }
}

/// Permission of one user to upload a picture, until it is dropped.
#[derive(Debug)]
pub struct UploadPermit {
    uploading: Arc<Mutex<HashSet<i64>>>,
    user_id: i64,
}

impl Drop for UploadPermit {
    fn drop(&mut self) {
        let uploading = self.uploading.lock();
        uploading
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.user_id);
    }
}

impl AvatarProcessor {
    /// Returns a permit to hold from before the upload's first byte is read until it is processed.
    ///
    /// # Errors
    /// `RateLimited` when the user is already uploading a picture; `Unavailable` when too many others are.
    pub fn acquire_permit(&self, user_id: i64) -> Result<UploadPermit> {
        let mut uploading = self
            .uploading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if uploading.contains(&user_id) {
            return Err(Error::RateLimited { seconds: 5 });
        }
        if uploading.len() >= MAX_UPLOADS {
            return Err(Error::Unavailable(
                "too many concurrent picture uploads".into(),
            ));
        }
        uploading.insert(user_id);
        let uploading = self.uploading.clone();
        Ok(UploadPermit { uploading, user_id })
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
    let mut square = crop_and_resize(image);
    square.apply_orientation(orientation);
    encode(&on_white(&square))
}

/// Detects the format from the file's first bytes. It must match the declared media type.
fn format_of(upload: &Upload) -> Result<ImageFormat> {
    let format = image::guess_format(&upload.bytes).ok();
    let (format, name) = match format {
        Some(format @ ImageFormat::Jpeg) => (format, "image/jpeg"),
        Some(format @ ImageFormat::Png) => (format, "image/png"),
        Some(format @ ImageFormat::WebP) => (format, "image/webp"),
        Some(format @ ImageFormat::Gif) => (format, "image/gif"),
        _ => return Err(invalid("error-avatar-kind")),
    };
    match upload.media_type.as_deref() {
        None | Some("application/octet-stream") => Ok(format),
        Some("image/jpg" | "image/pjpeg") if format == ImageFormat::Jpeg => Ok(format),
        Some(declared) if declared == name => Ok(format),
        Some(_) => Err(invalid("error-avatar-mismatch")),
    }
}

/// Returns the pixels and the orientation. Limits are checked against the header before the pixels are decoded.
fn decode(bytes: Vec<u8>, format: ImageFormat) -> Result<(DynamicImage, Orientation)> {
    let coefficients = match format {
        // The decoder would fill the missing part of a truncated JPEG with grey.
        ImageFormat::Jpeg => {
            jpeg::kept_coefficients(&bytes).ok_or_else(|| invalid("error-avatar-broken"))?
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
fn crop_and_resize(image: DynamicImage) -> DynamicImage {
    let (width, height) = image.dimensions();
    let short = width.min(height);
    let image = match width.max(height) > 2 * short {
        true => central_square(&image),
        false => image,
    };
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(2 * SIDE) / u64::from(short);
        u32::try_from(side).unwrap_or(2 * SIDE).max(1)
    };
    // A fast filter reduces the picture to twice the size, a better one to the final size.
    let image = match short > 2 * SIDE {
        true => image.thumbnail_exact(scaled(image.width()), scaled(image.height())),
        false => image,
    };
    central_square(&image).resize_exact(SIDE, SIDE, FilterType::CatmullRom)
}

fn central_square(image: &DynamicImage) -> DynamicImage {
    let (width, height) = image.dimensions();
    let side = width.min(height);
    image.crop_imm((width - side) / 2, (height - side) / 2, side, side)
}

/// Blends a picture over white, because JPEG has no transparency.
fn on_white(image: &DynamicImage) -> RgbImage {
    let pixels = image.to_rgba8();
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [r, g, b, alpha] = pixels.get_pixel(x, y).0;
        let over = |colour: u8| {
            let alpha = u32::from(alpha);
            ((u32::from(colour) * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        image::Rgb([over(r), over(g), over(b)])
    })
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
