//! Pictures of every format and of many pixels: what is accepted, and what the sentence says of the rest.

use crate::support::pictures::{file, picture};
use crate::support::raw_pictures::{animated_webp, jpeg, png};
use crate::support::{Teahouse, field_errors};
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat};

const PIXELS: &str = "12 megapixels";
const BROKEN: &str = "incomplete or damaged";

/// Uploads each file, and compares what is said of it: nothing when it is accepted.
async fn check(cases: Vec<(&str, Vec<u8>, Option<&str>)>) -> u64 {
    let (house, [mei]) = Teahouse::with_people(["Mei"]).await;
    let before = house.peak_memory_kib();
    for (what, bytes, refusal) in cases {
        assert!(bytes.len() < 10 << 20, "{what}: {} bytes", bytes.len());
        let answer = mei
            .upload(&bytes, "picture", "application/octet-stream")
            .await;
        let status = answer.status().as_u16();
        let page = answer.text().await.expect("text");
        match refusal {
            None => {
                assert_eq!(
                    (status, field_errors(&page).as_slice()),
                    (303, &[][..]),
                    "{what}"
                );
                let url = mei.avatar_url().await.expect("a picture");
                let portrait = mei.get(&url).await.bytes().await.expect("bytes");
                let portrait = image::load_from_memory(&portrait).expect("a JPEG");
                assert_eq!((portrait.width(), portrait.height()), (256, 256), "{what}");
            }
            Some(sentence) => {
                assert_eq!(
                    (status, field_errors(&page).as_slice()),
                    (422, &["avatar"][..]),
                    "{what}"
                );
                assert!(page.contains(sentence), "{what}: not {sentence:?}");
            }
        }
    }
    house.peak_memory_kib() - before
}

#[tokio::test]
async fn jpegs_of_12_megapixels_are_accepted_whatever_their_coding() {
    let colour = [60, -40, 90, 20];
    let of = |width, height, components: usize, progressive| {
        jpeg(width, height, &colour[..components], progressive)
    };
    let mut torn = of(4032, 3024, 3, true);
    torn.truncate(torn.len() / 2);
    let grew = check(vec![
        ("baseline", of(4032, 3024, 3, false), None),
        ("progressive", of(4032, 3024, 3, true), None),
        ("progressive, upright", of(3072, 4096, 3, true), None),
        ("progressive, grey", of(4000, 3000, 1, true), None),
        ("grey", of(4000, 3000, 1, false), None),
        ("CMYK", of(4032, 3024, 4, false), None),
        ("progressive, CMYK", of(4032, 3024, 4, true), None),
        ("grey, 24 megapixels", of(6000, 4000, 1, false), None),
        ("long", of(20_000, 500, 3, true), None),
        ("48 megapixels", of(8064, 6048, 3, false), Some(PIXELS)),
        (
            "progressive, 48 megapixels",
            of(8064, 6048, 3, true),
            Some(PIXELS),
        ),
        (
            "grey, 48 megapixels",
            of(8064, 6048, 1, false),
            Some(PIXELS),
        ),
        (
            "CMYK, 48 megapixels",
            of(8064, 6048, 4, false),
            Some(PIXELS),
        ),
        (
            "progressive, 15 megapixels",
            of(4500, 3350, 3, true),
            Some(PIXELS),
        ),
        ("progressive, torn", torn, Some(BROKEN)),
    ])
    .await;
    println!("memory: {grew} KiB more");
    assert!(grew < 200 * 1024, "{grew} KiB");
}

#[tokio::test]
async fn pngs_of_12_megapixels_are_accepted_whatever_their_depth() {
    let of = |depth, colour_type, interlaced| png(4032, 3024, depth, colour_type, interlaced);
    let mut torn = of(16, 6, false);
    torn.truncate(torn.len() / 2);
    let grew = check(vec![
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
        ("48 megapixels", png(8000, 6000, 8, 2, false), Some(PIXELS)),
        (
            "48 megapixels of 16 bits",
            png(8000, 6000, 16, 6, false),
            Some(PIXELS),
        ),
        (
            "48 megapixels, palette",
            png(8000, 6000, 8, 3, false),
            Some(PIXELS),
        ),
        ("torn", torn, Some(BROKEN)),
    ])
    .await;
    println!("memory: {grew} KiB more");
    assert!(grew < 200 * 1024, "{grew} KiB");
}

#[tokio::test]
async fn animations_show_their_first_picture() {
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
        let still = file(&DynamicImage::from(picture.to_rgba8()), ImageFormat::WebP);
        animated_webp(&still, picture.width(), picture.height())
    };
    let mut torn = webp(&small);
    torn.truncate(torn.len() / 3);
    check(vec![
        ("a GIF", gif(&small), None),
        ("a GIF of 12 megapixels", gif(&large), None),
        ("a WebP", webp(&small), None),
        ("a WebP of 12 megapixels", webp(&large), None),
        (
            "a still WebP of 12 megapixels",
            file(&large, ImageFormat::WebP),
            None,
        ),
        ("a torn WebP", torn, Some(BROKEN)),
    ])
    .await;
}
