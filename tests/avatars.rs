//! People's pictures: what becomes of uploads, and what is refused.

use crate::support::pictures::{TELEPHONE, file, photograph, picture, vast_png};
use crate::support::{Person, Teahouse, field_errors};
use image::{DynamicImage, GenericImageView, ImageFormat, Rgba, RgbaImage};
use reqwest::Response;
use std::time::Instant;

const JPEG: &str = "image/jpeg";

/// What everybody gets.
async fn served(person: &Person) -> (Vec<u8>, DynamicImage) {
    let url = person.avatar_url().await.expect("a picture");
    let answer = person.get(&url).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], JPEG);
    let bytes = answer.bytes().await.expect("bytes").to_vec();
    let image = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).expect("a JPEG");
    (bytes, image)
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn a_photograph_is_served_small_square_upright_and_without_its_place() {
    let (house, [mei]) = Teahouse::with_people(["Mei"]).await;
    let photo = photograph();
    assert!(holds(&photo, TELEPHONE.as_bytes()) && holds(&photo, b"Exif"));
    let before = house.memory_kib();
    let start = Instant::now();
    let answer = mei.upload(&photo, "IMG_0001.jpg", JPEG).await;
    assert_eq!(
        answer.status(),
        303,
        "{}",
        answer.text().await.expect("text")
    );
    let took = start.elapsed();
    let (bytes, image) = served(&mei).await;
    println!(
        "a photograph of {} KiB became {} bytes in {took:?}; memory {before} KiB, at most {} KiB",
        photo.len() / 1024,
        bytes.len(),
        house.peak_memory_kib()
    );
    assert!(bytes.len() <= 64 * 1024, "{} bytes", bytes.len());
    assert_eq!(image.dimensions(), (256, 256));
    for trace in ["Exif", TELEPHONE, "http://ns.adobe.com", "Photoshop"] {
        assert!(!holds(&bytes, trace.as_bytes()), "{trace}");
    }
    // What is left in the file is above when the telephone is held upright.
    let (above, below) = (image.get_pixel(128, 40), image.get_pixel(128, 216));
    assert!(above[0] > 150 && above[2] < 100, "{above:?}");
    assert!(below[2] > 150 && below[0] < 100, "{below:?}");
    assert!(house.peak_memory_kib() < before + 100 * 1024);
}

#[tokio::test]
async fn every_common_kind_of_picture_is_understood() {
    let (house, [mei]) = Teahouse::with_people(["Mei"]).await;
    let clear = DynamicImage::from(RgbaImage::from_pixel(300, 500, Rgba([0, 0, 0, 0])));
    let deep = DynamicImage::from(picture(300, 200).to_rgb16());
    for (bytes, kind, what) in [
        (
            file(&picture(3000, 900), ImageFormat::Jpeg),
            JPEG,
            "a wide JPEG",
        ),
        (
            file(&picture(40, 30), ImageFormat::Png),
            "image/png",
            "a tiny PNG",
        ),
        (
            file(&clear, ImageFormat::Png),
            "image/png",
            "a transparent PNG",
        ),
        (
            file(&deep, ImageFormat::Png),
            "image/png",
            "a PNG of 16 bits",
        ),
        (
            file(&picture(700, 700), ImageFormat::WebP),
            "image/webp",
            "a WebP",
        ),
        (
            file(&picture(300, 260), ImageFormat::Gif),
            "image/gif",
            "a GIF",
        ),
        (
            file(&picture(300, 260), ImageFormat::Gif),
            "application/octet-stream",
            "who knows",
        ),
    ] {
        let answer = mei.upload(&bytes, "picture", kind).await;
        assert_eq!(answer.status(), 303, "{what}");
        let (bytes, image) = served(&mei).await;
        assert_eq!(image.dimensions(), (256, 256), "{what}");
        assert!(bytes.len() <= 64 * 1024, "{what}: {} bytes", bytes.len());
        let middle = image.get_pixel(100, 128);
        match what {
            "a transparent PNG" => assert!(middle[1] > 250, "not white: {middle:?}"),
            _ => assert!(middle[0] > 120 && middle[2] < 120, "{what}: {middle:?}"),
        }
    }
    // Only the last one is kept.
    let rows = "SELECT COUNT(*) AS value FROM avatars";
    assert_eq!(house.database().number(rows), 1);
}

/// The sentence beside the field.
async fn refusal(answer: Response, status: u16, what: &str) {
    let found = answer.status().as_u16();
    let page = answer.text().await.expect("text");
    assert_eq!(found, status, "{what}");
    assert_eq!(field_errors(&page), ["avatar"], "{what}");
}

/// A GIF that says it is as large as a GIF can be.
fn vast_gif() -> Vec<u8> {
    let mut gif = file(&picture(8, 8), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    gif
}

/// A JPEG that says it is as large as a JPEG can be.
fn vast_jpeg() -> Vec<u8> {
    let mut jpeg = file(&picture(8, 8), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]);
    let size = frame.expect("a frame") + 5;
    jpeg[size..size + 4].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
    jpeg
}

#[tokio::test]
async fn what_is_no_good_picture_is_refused_with_a_sentence_and_leaves_nothing_behind() {
    let (house, [mei]) = Teahouse::with_people(["Mei"]).await;
    let script =
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
    let page = b"<!doctype html><script>alert(1)</script>".to_vec();
    let good = |format| file(&picture(400, 400), format);
    let half = |format| {
        let mut file = good(format);
        file.truncate(file.len() / 2);
        file
    };
    let mut torn = good(ImageFormat::Jpeg);
    torn.truncate(torn.len() - 40);
    let files = house.files();
    // Reading a large body takes some memory, whatever is in it.
    let huge = mei
        .upload(&vec![b'x'; 11 * 1024 * 1024], "x.jpg", JPEG)
        .await;
    refusal(huge, 413, "11 MiB").await;
    let before = house.peak_memory_kib();
    for (bytes, name, kind, what) in [
        (
            page,
            "page.png",
            "image/png",
            "a page that says it is a picture",
        ),
        (
            script.clone(),
            "x.svg",
            "image/svg+xml",
            "an SVG with a script",
        ),
        (script, "x.png", "image/png", "an SVG that says it is a PNG"),
        (
            good(ImageFormat::Png),
            "x.jpg",
            JPEG,
            "a PNG that says it is a JPEG",
        ),
        (
            good(ImageFormat::Png),
            "x.html",
            "text/html",
            "a picture that says it is a page",
        ),
        (
            vast_png(50_000),
            "x.png",
            "image/png",
            "a PNG of 50,000 × 50,000 pixels",
        ),
        (
            vast_png(16_000),
            "x.png",
            "image/png",
            "a PNG of 16,000 × 16,000 pixels",
        ),
        (vast_png(0), "x.png", "image/png", "a PNG of no pixels"),
        (vast_gif(), "x.gif", "image/gif", "a vast GIF"),
        (vast_jpeg(), "x.jpg", JPEG, "a vast JPEG"),
        (half(ImageFormat::Jpeg), "x.jpg", JPEG, "half a JPEG"),
        (torn, "x.jpg", JPEG, "a JPEG without its end"),
        (half(ImageFormat::Png), "x.png", "image/png", "half a PNG"),
        (
            half(ImageFormat::WebP),
            "x.webp",
            "image/webp",
            "half a WebP",
        ),
        (half(ImageFormat::Gif), "x.gif", "image/gif", "half a GIF"),
        (
            good(ImageFormat::Jpeg),
            "../../x",
            JPEG,
            "a name that is a path",
        ),
        (good(ImageFormat::Jpeg), "..\\\\x.jpg", JPEG, "another"),
        (Vec::new(), "", "application/octet-stream", "no file"),
        (Vec::new(), "x.jpg", JPEG, "an empty file"),
        (
            vec![0xff, 0xd8, 0xff],
            "x.jpg",
            JPEG,
            "three bytes of a JPEG",
        ),
    ] {
        refusal(mei.upload(&bytes, name, kind).await, 422, what).await;
    }
    let grew = house.peak_memory_kib() - before;
    println!("memory: at most {before} KiB before, and {grew} KiB more");
    assert!(grew < 50 * 1024, "{grew} KiB");
    assert_eq!(mei.avatar_url().await, None);
    let rows = "SELECT COUNT(*) AS value FROM avatars";
    assert_eq!(house.database().number(rows), 0);
    assert_eq!(house.files(), files, "something is left in the folder");
    // Neither a form of another kind nor one that ends in the middle is a fault of ours.
    let answer = mei.post("/settings/avatar", &[("avatar", "x")]).await;
    assert_eq!(answer.status(), 415);
    for body in [
        "--x\r\n",
        "--x\r\nContent-Disposition: form-data; name=\"avatar\"\r\n\r\nab",
        "",
    ] {
        let request = mei.request(reqwest::Method::POST, "/settings/avatar");
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        let answer = request.body(body).send().await.expect("an answer");
        assert!(
            answer.status().is_client_error(),
            "{body:?}: {}",
            answer.status()
        );
    }
    assert_eq!(
        mei.upload(&good(ImageFormat::Jpeg), "x.jpg", JPEG)
            .await
            .status(),
        303
    );
}

#[tokio::test]
async fn a_picture_is_kept_once_and_goes_with_the_last_who_has_it() {
    let (house, [mei, li]) = Teahouse::with_people(["Mei", "Li"]).await;
    let jpeg = file(&picture(300, 300), ImageFormat::Jpeg);
    mei.upload(&jpeg, "a.jpg", JPEG).await;
    li.upload(&jpeg, "b.jpg", JPEG).await;
    let url = mei.avatar_url().await.expect("a picture");
    assert_eq!(li.avatar_url().await.as_ref(), Some(&url));
    let remove = [("_method", "delete")];
    assert_eq!(mei.post("/settings/avatar", &remove).await.status(), 303);
    assert_eq!(mei.avatar_url().await, None);
    let answer = mei.get(&url).await;
    assert_eq!(answer.status(), 200);
    let cache = answer.headers()["cache-control"].to_str().expect("text");
    assert!(
        cache.contains("immutable") && cache.contains("private"),
        "{cache}"
    );
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    // Only for those who are signed in.
    let (status, _) = Person::visitor(&house).get_json(&url).await;
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
async fn a_new_face_is_seen_wherever_its_person_is() {
    let (_house, [mei, li]) = Teahouse::with_people(["Mei", "Li"]).await;
    let room = li.direct(&["Mei"]).await;
    mei.say("before").await;
    let path = "/rooms/1/messages";
    let tag = li.get(path).await.headers()["etag"].clone();
    let known = || {
        li.request(reqwest::Method::GET, path)
            .header("if-none-match", tag.clone())
    };
    assert_eq!(known().send().await.expect("an answer").status(), 304);
    let jpeg = file(&picture(300, 300), ImageFormat::Jpeg);
    mei.upload(&jpeg, "a.jpg", JPEG).await;
    let url = mei.avatar_url().await.expect("a picture");
    // The page in the browser's cache has the old one.
    assert_eq!(known().send().await.expect("an answer").status(), 200);
    for page in [path, "/people", "/rooms", &format!("/rooms/{room}")] {
        let shown = li.page(page).await;
        assert!(shown.contains(&format!("src=\"{url}\"")), "{page}");
    }
    let mut socket = li.socket().await;
    mei.say("after").await;
    assert_eq!(
        socket.expect("message").await["user"]["avatarURL"],
        url.as_str()
    );
    let (_, other) = li
        .get_json(&format!("/api/conversations/{room}/other_participant"))
        .await;
    assert_eq!(other["avatarURL"], url.as_str());
}
