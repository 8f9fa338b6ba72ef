//! Uploaded pictures, and what becomes of them: small, square, and with nothing in them but what is seen.

pub(super) mod jpeg;

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

/// The largest upload, in bytes: a telephone's photograph of 12 megapixels has about 5 MB.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// A portrait is so wide and so high, in pixels.
const SIDE: u32 = 256;
/// The most bytes of a portrait.
const PORTRAIT_MAX_BYTES: usize = 64 * 1024;
/// The best quality that is small enough is taken; the last one always is.
const QUALITIES: [u8; 5] = [88, 80, 70, 50, 30];
/// The most pixels, whatever the file's format: what is called 12 megapixels is up to 4,096 × 3,072 and somewhat more.
const MAX_PIXELS: u64 = 13_500_000;
/// Pictures with more pixels are accepted while their decoding takes no more bytes than this: those of few colours.
const SMALL_BYTES: u64 = 40 * 1024 * 1024;
/// The most bytes that decoding may take: 12 megapixels in four channels of 16 bits, or in a progressive JPEG of four
/// components with its coefficients.
const DECODED_MAX_BYTES: u64 = 160 * 1024 * 1024;
/// Bytes of a coefficient of a progressive JPEG, all of which are kept until its last scan.
const COEFFICIENT_BYTES: u64 = 2;
/// Uploads that are read or wait at the same time.
const PLACES: usize = 4;

/// What somebody sent as a picture.
#[derive(Debug)]
pub struct Upload {
    /// All of it, at most [`MAX_BYTES`].
    pub bytes: Vec<u8>,
    /// The media type that it says it has, such as `image/png`.
    pub media_type: Option<String>,
}

/// A person's picture as everybody sees it: a JPEG of 256 × 256 pixels and at most 64 KiB, without metadata.
#[derive(Debug)]
pub struct Portrait(Vec<u8>);

impl Portrait {
    /// The file.
    pub fn as_jpeg(&self) -> &[u8] {
        &self.0
    }
}

/// Where uploads become portraits: one at a time, because a photograph of 12 megapixels takes 40 to 160 MB while it is
/// being decoded.
#[derive(Debug, Clone)]
pub struct Darkroom {
    bench: Arc<Semaphore>,
    /// Who is here with an upload.
    people: Arc<Mutex<HashSet<i64>>>,
}

impl Default for Darkroom {
    fn default() -> Self {
        Self {
            bench: Arc::new(Semaphore::new(1)),
            people: Arc::default(),
        }
    }
}

/// Somebody's place in the darkroom, until it is dropped.
#[derive(Debug)]
pub struct Place {
    people: Arc<Mutex<HashSet<i64>>>,
    user_id: i64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let people = self.people.lock();
        people
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.user_id);
    }
}

impl Darkroom {
    /// A place for a person's upload, to be kept from before its first byte is read until it is developed.
    ///
    /// # Errors
    /// `RateLimited` when they are there already; `Unavailable` when too many others are.
    pub fn enter(&self, user_id: i64) -> Result<Place> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if people.contains(&user_id) {
            return Err(Error::RateLimited { seconds: 5 });
        }
        if people.len() >= PLACES {
            return Err(Error::Unavailable("too many pictures at once".into()));
        }
        people.insert(user_id);
        let people = self.people.clone();
        Ok(Place { people, user_id })
    }

    /// Makes a portrait of an upload.
    ///
    /// # Errors
    /// `Invalid` for `avatar`: no picture of a known kind, not the kind that it says, too many pixels, or broken.
    pub async fn develop(&self, upload: Upload) -> Result<Portrait> {
        let permit = self.bench.clone().acquire_owned().await;
        let permit = permit.map_err(Error::internal)?;
        let done = spawn_blocking(move || {
            let _permit = permit;
            develop(upload)
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a picture could not be decoded");
            Err(refused("error-avatar-broken"))
        })
    }
}

fn refused(sentence: &'static str) -> Error {
    Error::field("avatar", sentence)
}

fn broken(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => refused("error-avatar-pixels"),
        _ => refused("error-avatar-broken"),
    }
}

fn develop(upload: Upload) -> Result<Portrait> {
    let format = format_of(&upload)?;
    let (image, orientation) = decode(upload.bytes, format)?;
    let mut square = square(image);
    square.apply_orientation(orientation);
    encode(&on_white(&square))
}

/// What the bytes are, which must be what they are said to be.
fn format_of(upload: &Upload) -> Result<ImageFormat> {
    let format = image::guess_format(&upload.bytes).ok();
    let (format, name) = match format {
        Some(format @ ImageFormat::Jpeg) => (format, "image/jpeg"),
        Some(format @ ImageFormat::Png) => (format, "image/png"),
        Some(format @ ImageFormat::WebP) => (format, "image/webp"),
        Some(format @ ImageFormat::Gif) => (format, "image/gif"),
        _ => return Err(refused("error-avatar-kind")),
    };
    match upload.media_type.as_deref() {
        None | Some("application/octet-stream") => Ok(format),
        Some("image/jpg" | "image/pjpeg") if format == ImageFormat::Jpeg => Ok(format),
        Some(said) if said == name => Ok(format),
        Some(_) => Err(refused("error-avatar-mismatch")),
    }
}

/// The pixels, and how the picture is to be turned. What the file declares is looked at before anything is decoded.
fn decode(bytes: Vec<u8>, format: ImageFormat) -> Result<(DynamicImage, Orientation)> {
    let coefficients = match format {
        // A decoder that forgives would show the rest of a torn photograph in grey.
        ImageFormat::Jpeg => {
            jpeg::kept_coefficients(&bytes).ok_or_else(|| refused("error-avatar-broken"))?
        }
        _ => 0,
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_MAX_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let needed = pixels
        .saturating_mul(coefficients * COEFFICIENT_BYTES)
        .saturating_add(decoder.total_bytes());
    if needed > SMALL_BYTES && (pixels > MAX_PIXELS || needed > DECODED_MAX_BYTES) {
        return Err(refused("error-avatar-pixels"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    match image.dimensions() {
        (0, _) | (_, 0) => Err(refused("error-avatar-broken")),
        _ => Ok((image, orientation)),
    }
}

/// The middle of a picture, without a second copy of a large one.
fn square(image: DynamicImage) -> DynamicImage {
    let (width, height) = image.dimensions();
    let short = width.min(height);
    let image = match width.max(height) > 2 * short {
        true => middle(&image),
        false => image,
    };
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(2 * SIDE) / u64::from(short);
        u32::try_from(side).unwrap_or(2 * SIDE).max(1)
    };
    // Quickly to twice the size, then well.
    let image = match short > 2 * SIDE {
        true => image.thumbnail_exact(scaled(image.width()), scaled(image.height())),
        false => image,
    };
    middle(&image).resize_exact(SIDE, SIDE, FilterType::CatmullRom)
}

fn middle(image: &DynamicImage) -> DynamicImage {
    let (width, height) = image.dimensions();
    let side = width.min(height);
    image.crop_imm((width - side) / 2, (height - side) / 2, side, side)
}

/// Without transparency, which a JPEG does not have.
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

fn encode(picture: &RgbImage) -> Result<Portrait> {
    let mut file = Vec::new();
    for quality in QUALITIES {
        file.clear();
        JpegEncoder::new_with_quality(&mut file, quality)
            .encode_image(picture)
            .map_err(Error::internal)?;
        if file.len() <= PORTRAIT_MAX_BYTES {
            break;
        }
    }
    Ok(Portrait(file))
}
