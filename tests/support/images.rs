//! Image files for uploads.

use super::person::send;
use super::raw_images::chunk;
use super::{Person, Teahouse};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops::FilterType};
use reqwest::{Method, Response};
use std::io::Cursor;

/// The camera model in a photo's metadata, which must not be published.
pub const CAMERA_MODEL: &str = "Canary Telephone 7";

/// An image that is red on the left and blue on the right, with noise that compresses like a photo.
pub fn picture(width: u32, height: u32) -> DynamicImage {
    let mut seed = 1_u32;
    let small = RgbImage::from_fn(400, 300, |x, _| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (seed >> 26) as u8;
        match x < 200 {
            true => Rgb([190 + noise, noise, noise]),
            false => Rgb([noise, noise, 190 + noise]),
        }
    });
    DynamicImage::from(small).resize_exact(width, height, FilterType::Triangle)
}

/// Encodes an image.
pub fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Vec::new();
    let mut to = Cursor::new(&mut file);
    picture.write_to(&mut to, format).expect("encoded");
    file
}

/// A JPEG of 12 megapixels as phones take them: held upright (orientation 6), with GPS metadata.
pub fn photo() -> Vec<u8> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 95)
        .encode_image(&picture(4032, 3024))
        .expect("encoded");
    let exif = exif();
    let length = u16::try_from(exif.len() + 8).expect("short");
    let mut file = vec![0xff, 0xd8, 0xff, 0xe1];
    file.extend(length.to_be_bytes());
    file.extend(b"Exif\0\0");
    file.extend(exif);
    file.extend(&jpeg[2..]);
    file
}

/// EXIF data: make, orientation, and latitude 31°13'49" north.
fn exif() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        let mut entry = Vec::new();
        entry.extend(tag.to_be_bytes());
        entry.extend(kind.to_be_bytes());
        entry.extend(count.to_be_bytes());
        entry.extend(value);
        entry
    };
    let make = format!("{CAMERA_MODEL}\0");
    let (makes_place, gps_place) = (8 + 2 + 3 * 12 + 4, 8 + 2 + 3 * 12 + 4 + make.len() as u32);
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x03".to_vec();
    let make_length = u32::try_from(make.len()).expect("short");
    tiff.extend(entry(0x010f, 2, make_length, u32::to_be_bytes(makes_place)));
    tiff.extend(entry(0x0112, 3, 1, [0, 6, 0, 0]));
    tiff.extend(entry(0x8825, 4, 1, u32::to_be_bytes(gps_place)));
    tiff.extend([0; 4]);
    tiff.extend(make.as_bytes());
    tiff.extend([0, 2]);
    tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
    tiff.extend(entry(2, 5, 3, u32::to_be_bytes(gps_place + 2 + 2 * 12 + 4)));
    tiff.extend([0; 4]);
    for (number, of) in [(31_u32, 1_u32), (13, 1), (49, 1)] {
        tiff.extend(number.to_be_bytes());
        tiff.extend(of.to_be_bytes());
    }
    tiff
}

/// A PNG whose header declares many pixels, with hardly any data.
pub fn huge_png(side: u32) -> Vec<u8> {
    let side = side.to_be_bytes();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(
        &mut file,
        b"IHDR",
        &[&side[..], &side, &[8, 6, 0, 0, 0]].concat(),
    );
    // An empty zlib stream.
    chunk(&mut file, b"IDAT", &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]);
    chunk(&mut file, b"IEND", &[]);
    file
}

impl Person {
    /// Uploads a file as the avatar, under this name and media type.
    pub async fn upload(&self, file: &[u8], name: &str, kind: &str) -> Response {
        let boundary = "----a-boundary-of-the-tests";
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        )
        .into_bytes();
        body.extend(file);
        body.extend(format!("\r\n--{boundary}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        let request = self.request(Method::POST, "/settings/avatar");
        send(request.header("content-type", kind).body(body)).await
    }

    /// Returns the URL of the person's avatar.
    pub async fn avatar_url(&self) -> Option<String> {
        let (_, me) = self.get_json("/api/auth_user").await;
        me["avatarURL"].as_str().map(str::to_owned)
    }
}

impl Teahouse {
    /// Returns the file names in the data directory, except the database's.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        let mut names: Vec<_> = names.filter(|name| !name.contains(".db")).collect();
        names.sort();
        names
    }
}
