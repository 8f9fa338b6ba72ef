//! Avatars: processing of uploads, and rejected files.

use crate::support::images::{CAMERA_MODEL, file, huge_png, photo, picture};
use crate::support::{Person, Teahouse, field_errors};
use image::ImageFormat::{Gif, Jpeg, Png, WebP};
use image::{DynamicImage, GenericImageView, Rgba, RgbaImage};
use reqwest::Response;

const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const UNKNOWN: &str = "application/octet-stream";

async fn served_avatar(person: &Person) -> (Vec<u8>, DynamicImage) {
    let url = person.avatar_url().await.expect("a picture");
    let response = person.get(&url).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], JPEG);
    let bytes = response.bytes().await.expect("bytes").to_vec();
    let image = image::load_from_memory_with_format(&bytes, Jpeg).expect("a JPEG");
    (bytes, image)
}

fn contains_bytes(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn photo_is_served_small_square_upright_and_without_metadata() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    let photo = photo();
    assert!(contains_bytes(&photo, CAMERA_MODEL.as_bytes()) && contains_bytes(&photo, b"Exif"));
    let before = server.memory_kib();
    let response = mei.upload(&photo, "IMG_0001.jpg", JPEG).await;
    assert_eq!(
        response.status(),
        303,
        "{}",
        response.text().await.expect("text")
    );
    let (bytes, image) = served_avatar(&mei).await;
    assert!(bytes.len() <= 64 * 1024, "{} bytes", bytes.len());
    assert_eq!(image.dimensions(), (256, 256));
    for trace in ["Exif", CAMERA_MODEL, "http://ns.adobe.com", "Photoshop"] {
        assert!(!contains_bytes(&bytes, trace.as_bytes()), "{trace}");
    }
    // The left of the file is the top when the camera is held upright.
    let (above, below) = (image.get_pixel(128, 40), image.get_pixel(128, 216));
    assert!(above[0] > 150 && above[2] < 100, "{above:?}");
    assert!(below[2] > 150 && below[0] < 100, "{below:?}");
    let peak = server.peak_memory_kib();
    println!(
        "{} bytes stored; memory {before} KiB before, at most {peak} KiB",
        bytes.len()
    );
    assert!(peak < before + 100 * 1024);
}

#[tokio::test]
async fn each_common_image_format_is_accepted() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    let clear = DynamicImage::from(RgbaImage::from_pixel(300, 500, Rgba([0, 0, 0, 0])));
    let deep = DynamicImage::from(picture(300, 200).to_rgb16());
    let wide = picture(3000, 900);
    for (image, format, kind, what) in [
        (wide, Jpeg, JPEG, "a wide JPEG"),
        (picture(40, 30), Png, PNG, "a tiny PNG"),
        (clear, Png, PNG, "a transparent PNG"),
        (deep, Png, PNG, "a PNG of 16 bits"),
        (picture(700, 700), WebP, "image/webp", "a WebP"),
        (picture(300, 260), Gif, "image/gif", "a GIF"),
        (picture(300, 260), Gif, UNKNOWN, "unknown type"),
    ] {
        let response = mei.upload(&file(&image, format), "picture", kind).await;
        assert_eq!(response.status(), 303, "{what}");
        let (bytes, image) = served_avatar(&mei).await;
        assert_eq!(image.dimensions(), (256, 256), "{what}");
        assert!(bytes.len() <= 64 * 1024, "{what}: {} bytes", bytes.len());
        let middle = image.get_pixel(100, 128);
        match what {
            "a transparent PNG" => assert!(middle[1] > 250, "not white: {middle:?}"),
            _ => assert!(middle[0] > 120 && middle[2] < 120, "{what}: {middle:?}"),
        }
    }
    // Only the last upload is stored.
    assert_eq!(server.count("avatars"), 1);
}

/// Asserts the status and an error message beside the field.
async fn assert_rejected(response: Response, status: u16, what: &str) {
    let found = response.status().as_u16();
    let page = response.text().await.expect("text");
    assert_eq!(found, status, "{what}");
    assert_eq!(field_errors(&page), ["avatar"], "{what}");
}

/// A GIF whose header declares the largest dimensions.
fn huge_gif() -> Vec<u8> {
    let mut gif = file(&picture(8, 8), Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    gif
}

/// A JPEG whose header declares the largest dimensions.
fn huge_jpeg() -> Vec<u8> {
    let mut jpeg = file(&picture(8, 8), Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]);
    let size = frame.expect("a frame") + 5;
    jpeg[size..size + 4].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
    jpeg
}

#[tokio::test]
async fn invalid_uploads_are_rejected_and_leave_no_files() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    let script =
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
    let page = b"<!doctype html><script>alert(1)</script>".to_vec();
    let good = |format| file(&picture(400, 400), format);
    let half = |format| {
        let mut file = good(format);
        file.truncate(file.len() / 2);
        file
    };
    let mut truncated = good(Jpeg);
    truncated.truncate(truncated.len() - 40);
    let files = server.files();
    // Reading a large body takes some memory, whatever its content.
    let huge = mei
        .upload(&vec![b'x'; 11 * 1024 * 1024], "x.jpg", JPEG)
        .await;
    assert_rejected(huge, 413, "11 MiB").await;
    let before = server.peak_memory_kib();
    for (bytes, name, kind, what) in [
        (page, "page.png", PNG, "an HTML page sent as an image"),
        (script.clone(), "x.svg", "image/svg+xml", "an SVG"),
        (script, "x.png", PNG, "an SVG sent as a PNG"),
        (good(Png), "x.jpg", JPEG, "a PNG sent as a JPEG"),
        (good(Png), "x.html", "text/html", "an image sent as HTML"),
        (huge_png(50_000), "x.png", PNG, "a PNG of 50,000² pixels"),
        (huge_png(16_000), "x.png", PNG, "a PNG of 16,000² pixels"),
        (huge_png(0), "x.png", PNG, "a PNG of no pixels"),
        (huge_gif(), "x.gif", "image/gif", "a GIF of maximum size"),
        (huge_jpeg(), "x.jpg", JPEG, "a JPEG of maximum size"),
        (half(Jpeg), "x.jpg", JPEG, "half a JPEG"),
        (truncated, "x.jpg", JPEG, "a JPEG without its end"),
        (half(Png), "x.png", PNG, "half a PNG"),
        (half(WebP), "x.webp", "image/webp", "half a WebP"),
        (half(Gif), "x.gif", "image/gif", "half a GIF"),
        (good(Jpeg), "../../x", JPEG, "a file name that is a path"),
        (good(Jpeg), "..\\\\x.jpg", JPEG, "another path"),
        (Vec::new(), "", UNKNOWN, "no file"),
        (Vec::new(), "x.jpg", JPEG, "an empty file"),
        (vec![0xff, 0xd8, 0xff], "x.jpg", JPEG, "three bytes"),
    ] {
        assert_rejected(mei.upload(&bytes, name, kind).await, 422, what).await;
    }
    let growth = server.peak_memory_kib() - before;
    println!("peak memory grew by {growth} KiB");
    assert!(growth < 50 * 1024, "{growth} KiB");
    assert_eq!(mei.avatar_url().await, None);
    assert_eq!(server.count("avatars"), 0);
    assert_eq!(server.files(), files, "a file is left in the folder");
    // A form of another type or with a truncated body is a client error.
    let response = mei.post("/settings/avatar", &[("avatar", "x")]).await;
    assert_eq!(response.status(), 415);
    for body in [
        "--x\r\n",
        "--x\r\nContent-Disposition: form-data; name=\"avatar\"\r\n\r\nab",
        "",
    ] {
        let request = mei.request(reqwest::Method::POST, "/settings/avatar");
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        let response = request.body(body).send().await.expect("a response");
        let is_expected = response.status().is_client_error();
        assert!(is_expected, "{body:?}: {}", response.status());
    }
    assert_eq!(mei.upload(&good(Jpeg), "x.jpg", JPEG).await.status(), 303);
}

#[tokio::test]
async fn identical_avatars_are_stored_once_and_deleted_with_the_last_owner() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let jpeg = file(&picture(300, 300), Jpeg);
    mei.upload(&jpeg, "a.jpg", JPEG).await;
    li.upload(&jpeg, "b.jpg", JPEG).await;
    let url = mei.avatar_url().await.expect("a picture");
    assert_eq!(li.avatar_url().await.as_ref(), Some(&url));
    let remove = [("_method", "delete")];
    assert_eq!(mei.post("/settings/avatar", &remove).await.status(), 303);
    assert_eq!(mei.avatar_url().await, None);
    let response = mei.get(&url).await;
    assert_eq!(response.status(), 200);
    let cache = response.headers()["cache-control"].to_str().expect("text");
    let is_shown = cache.contains("immutable") && cache.contains("private");
    assert!(is_shown, "{cache}");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    // Avatars are served to signed-in users only.
    let (status, _) = Person::visitor(&server).get_json(&url).await;
    assert_eq!(status, 401);
    assert_eq!(li.post("/settings/avatar", &remove).await.status(), 303);
    for gone in [
        url.as_str(),
        "/avatars/..%2f..%2fetc",
        "/avatars/%00",
        "/avatars/李",
    ] {
        assert_eq!(mei.get(gone).await.status(), 404, "{gone}");
    }
}

#[tokio::test]
async fn changed_avatar_appears_everywhere() {
    let (_server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let room = li.direct(&["Mei"]).await;
    mei.say("before").await;
    let path = "/rooms/1/messages";
    let tag = li.get(path).await.headers()["etag"].clone();
    let known = || {
        li.request(reqwest::Method::GET, path)
            .header("if-none-match", tag.clone())
    };
    assert_eq!(known().send().await.expect("a response").status(), 304);
    let jpeg = file(&picture(300, 300), Jpeg);
    mei.upload(&jpeg, "a.jpg", JPEG).await;
    let url = mei.avatar_url().await.expect("a picture");
    // The page in the browser's cache has the previous avatar.
    assert_eq!(known().send().await.expect("a response").status(), 200);
    for page in [path, "/people", "/rooms", &format!("/rooms/{room}")] {
        let shown = li.page(page).await;
        assert!(shown.contains(&format!("src=\"{url}\"")), "{page}");
    }
    let mut socket = li.socket().await;
    mei.say("after").await;
    let found = socket.expect("message").await["user"]["avatarURL"].clone();
    assert_eq!(found, url.as_str());
    let (_, other) = li
        .get_json(&format!("/api/conversations/{room}/other_participant"))
        .await;
    assert_eq!(other["avatarURL"], url.as_str());
}
