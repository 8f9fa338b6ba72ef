//! Avatar uploads in each format and of many pixels: accepted files and the error messages of rejected ones.

use crate::support::images::{file, picture};
use crate::support::raw_images::{animated_webp, jpeg, png};
use crate::support::{Teahouse, field_errors};
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat};

const PIXELS: &str = "12 megapixels";
const BROKEN: &str = "incomplete or damaged";

/// Uploads each file and compares the error message (`None`: accepted). Returns the growth of peak memory in KiB.
async fn check(cases: Vec<(&str, Vec<u8>, Option<&str>)>) -> u64 {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    let before = server.peak_memory_kib();
    for (what, bytes, error) in cases {
        assert!(bytes.len() < 10 << 20, "{what}: {} bytes", bytes.len());
        let response = mei
            .upload(&bytes, "picture", "application/octet-stream")
            .await;
        let status = response.status().as_u16();
        let page = response.text().await.expect("text");
        let errors = field_errors(&page);
        match error {
            None => {
                assert!(
                    status == 303 && errors.is_empty(),
                    "{what}: {status} {errors:?}"
                );
                let url = mei.avatar_url().await.expect("a picture");
                let avatar = mei.get(&url).await.bytes().await.expect("bytes");
                let avatar = image::load_from_memory(&avatar).expect("a JPEG");
                assert_eq!((avatar.width(), avatar.height()), (256, 256), "{what}");
            }
            Some(text) => {
                assert_eq!((status, errors), (422, vec!["avatar"]), "{what}");
                assert!(page.contains(text), "{what}: not {text:?}");
            }
        }
    }
    server.peak_memory_kib() - before
}

#[tokio::test]
async fn jpegs_of_12_megapixels_are_accepted_in_each_encoding() {
    let color = [60, -40, 90, 20];
    let of = |width, height, components: usize, progressive| {
        jpeg(width, height, &color[..components], progressive)
    };
    let mut truncated = of(4032, 3024, 3, true);
    truncated.truncate(truncated.len() / 2);
    let growth = check(vec![
        ("baseline", of(4032, 3024, 3, false), None),
        ("progressive", of(4032, 3024, 3, true), None),
        ("progressive, upright", of(3072, 4096, 3, true), None),
        ("progressive, grey", of(4000, 3000, 1, true), None),
        ("grey", of(4000, 3000, 1, false), None),
        ("CMYK", of(4032, 3024, 4, false), None),
        ("progressive, CMYK", of(4032, 3024, 4, true), None),
        ("grey, 24 MP", of(6000, 4000, 1, false), None),
        ("long", of(20_000, 500, 3, true), None),
        ("48 MP", of(8064, 6048, 3, false), Some(PIXELS)),
        ("progressive, 48 MP", of(8064, 6048, 3, true), Some(PIXELS)),
        ("grey, 48 MP", of(8064, 6048, 1, false), Some(PIXELS)),
        ("CMYK, 48 MP", of(8064, 6048, 4, false), Some(PIXELS)),
        ("progressive, 15 MP", of(4500, 3350, 3, true), Some(PIXELS)),
        ("progressive, truncated", truncated, Some(BROKEN)),
    ])
    .await;
    println!("peak memory grew by {growth} KiB");
    assert!(growth < 200 * 1024, "{growth} KiB");
}

#[tokio::test]
async fn pngs_of_12_megapixels_are_accepted_in_each_bit_depth() {
    let of = |depth, colour_type, interlaced| png(4032, 3024, depth, colour_type, interlaced);
    let mut truncated = of(16, 6, false);
    truncated.truncate(truncated.len() / 2);
    let growth = check(vec![
        ("RGB", of(8, 2, false), None),
        ("RGB with alpha", of(8, 6, false), None),
        ("RGB of 16 bits", of(16, 2, false), None),
        ("RGB of 16 bits with alpha", of(16, 6, false), None),
        (
            "interlaced RGB of 16 bits with alpha",
            of(16, 6, true),
            None,
        ),
        ("grey", of(8, 0, false), None),
        ("grey of 16 bits with alpha", of(16, 4, false), None),
        ("palette", of(8, 3, false), None),
        ("palette of two colours, interlaced", of(1, 3, true), None),
        ("48 MP", png(8000, 6000, 8, 2, false), Some(PIXELS)),
        (
            "48 MP of 16 bits",
            png(8000, 6000, 16, 6, false),
            Some(PIXELS),
        ),
        ("48 MP, palette", png(8000, 6000, 8, 3, false), Some(PIXELS)),
        ("truncated", truncated, Some(BROKEN)),
    ])
    .await;
    println!("peak memory grew by {growth} KiB");
    assert!(growth < 200 * 1024, "{growth} KiB");
}

#[tokio::test]
async fn avatar_of_an_animation_is_its_first_frame() {
    let small = picture(300, 200);
    let large = DynamicImage::new_rgba8(4032, 3024);
    let gif = |picture: &DynamicImage| {
        let mut gif = Vec::new();
        let mut encoder = GifEncoder::new_with_speed(&mut gif, 30);
        let frames = [0, 1].map(|_| Frame::new(picture.to_rgba8()));
        encoder.encode_frames(frames).expect("encoded");
        drop(encoder);
        gif
    };
    let webp = |picture: &DynamicImage| {
        let frame = file(&DynamicImage::from(picture.to_rgba8()), ImageFormat::WebP);
        animated_webp(&frame, picture.width(), picture.height())
    };
    let mut truncated = webp(&small);
    truncated.truncate(truncated.len() / 3);
    check(vec![
        ("a GIF", gif(&small), None),
        ("a GIF of 12 MP", gif(&large), None),
        ("a WebP", webp(&small), None),
        ("a WebP of 12 MP", webp(&large), None),
        (
            "a still WebP of 12 MP",
            file(&large, ImageFormat::WebP),
            None,
        ),
        ("a truncated WebP", truncated, Some(BROKEN)),
    ])
    .await;
}
