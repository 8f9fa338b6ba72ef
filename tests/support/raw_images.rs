//! Images that the tests' libraries cannot encode: progressive and CMYK JPEGs, PNGs of each color type and depth,
//! interlaced ones, animations. Each has a single color, so many pixels take few bytes.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// A JPEG of one color: one value of −128…127 per component (gray; Y, Cb, Cr; or C, M, Y, K inverted as Adobe does).
pub fn jpeg(width: u16, height: u16, colour: &[i8], progressive: bool) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    if colour.len() == 4 {
        segment(&mut file, 0xee, b"Adobe\0\x64\0\0\0\0\0");
    }
    // With a DC quantum of 8, the quantized value equals the pixel's.
    let mut quanta = vec![0];
    quanta.extend([8; 64]);
    segment(&mut file, 0xdb, &quanta);
    let count = u8::try_from(colour.len()).expect("few");
    let [h1, h0] = height.to_be_bytes();
    let [w1, w0] = width.to_be_bytes();
    let mut frame = vec![8, h1, h0, w1, w0, count];
    frame.extend((1..=count).flat_map(|id| [id, 0x11, 0]));
    segment(&mut file, if progressive { 0xc2 } else { 0xc0 }, &frame);
    // Nine sizes of a difference, each with a four-bit code; a one-bit code for the end of a block.
    let sizes = *b"\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08";
    segment(&mut file, 0xc4, &sizes);
    let mut ends = [0; 18];
    (ends[0], ends[1]) = (0x10, 1);
    segment(&mut file, 0xc4, &ends);
    let mut scan = vec![count];
    scan.extend((1..=count).flat_map(|id| [id, 0]));
    scan.extend([0, if progressive { 0 } else { 63 }, 0]);
    segment(&mut file, 0xda, &scan);
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    file.extend(entropy(blocks, colour, progressive));
    file.extend([0xff, 0xd9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, body: &[u8]) {
    file.extend([0xff, marker]);
    file.extend(u16::try_from(body.len() + 2).expect("short").to_be_bytes());
    file.extend(body);
}

/// Encodes the blocks of a scan: each DC value as its difference from the previous one.
fn entropy(blocks: usize, colour: &[i8], progressive: bool) -> Vec<u8> {
    let mut bits = Bits::default();
    for block in 0..blocks {
        for value in colour {
            let value = if block == 0 { i16::from(*value) } else { 0 };
            let size = 16 - value.unsigned_abs().leading_zeros();
            bits.push(size as u16, 4);
            let code = if value < 0 { value - 1 } else { value };
            bits.push(code as u16 & ((1_u32 << size) - 1) as u16, size);
            if !progressive {
                bits.push(0, 1);
            }
        }
    }
    bits.push(0x7f, 7);
    bits.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u16, length: u32) {
        self.pending = (self.pending << length) | u32::from(value);
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.pending >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
        self.pending &= (1 << self.count) - 1;
    }
}

/// Start and step of each pass of an interlaced PNG.
const ADAM7: [(u32, u32, u32, u32); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];

/// A black PNG: all samples are zero except alpha. Color types: 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGB
/// with alpha.
pub fn png(width: u32, height: u32, depth: u8, colour_type: u8, interlaced: bool) -> Vec<u8> {
    let mut head = width.to_be_bytes().to_vec();
    head.extend(height.to_be_bytes());
    head.extend([depth, colour_type, 0, 0, u8::from(interlaced)]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &head);
    if colour_type == 3 {
        chunk(&mut file, b"PLTE", &[0, 0, 0, 255, 255, 255]);
    }
    let bytes = usize::from(depth / 8);
    let pixel: Vec<u8> = match colour_type {
        4 => [vec![0; bytes], vec![0xff; bytes]].concat(),
        6 => [vec![0; 3 * bytes], vec![0xff; bytes]].concat(),
        2 => vec![0; 3 * bytes],
        _ => vec![0; bytes],
    };
    let passes: &[(u32, u32, u32, u32)] = match interlaced {
        false => &[(0, 0, 1, 1)],
        true => &ADAM7,
    };
    let mut data = ZlibEncoder::new(Vec::new(), Compression::fast());
    for (x, y, step_x, step_y) in passes {
        let columns = width.saturating_sub(*x).div_ceil(*step_x) as usize;
        let rows = height.saturating_sub(*y).div_ceil(*step_y);
        let row: Vec<u8> = match pixel.len() {
            0 => vec![0; 1 + (columns * usize::from(depth)).div_ceil(8)],
            _ => [vec![0], pixel.repeat(columns)].concat(),
        };
        for _ in 0..if columns == 0 { 0 } else { rows } {
            data.write_all(&row).expect("memory");
        }
    }
    chunk(&mut file, b"IDAT", &data.finish().expect("memory"));
    chunk(&mut file, b"IEND", &[]);
    file
}

/// Appends a chunk of a PNG.
pub fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    file.extend(u32::try_from(body.len()).expect("short").to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(body);
    let mut crc = flate2::Crc::new();
    crc.update(&file[start..]);
    file.extend(crc.sum().to_be_bytes());
}

/// An animated WebP of two equal frames, made from a still image (lossless, without other chunks).
pub fn animated_webp(still: &[u8], width: u32, height: u32) -> Vec<u8> {
    let image = &still[12..];
    let size = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let mut body = b"WEBP".to_vec();
    riff(
        &mut body,
        b"VP8X",
        &[vec![0x12, 0, 0, 0], size(width), size(height)].concat(),
    );
    riff(&mut body, b"ANIM", &[0; 6]);
    for _ in 0..2 {
        let place = [vec![0; 6], size(width), size(height), vec![100, 0, 0, 0]].concat();
        riff(&mut body, b"ANMF", &[&place, image].concat());
    }
    let mut file = b"RIFF".to_vec();
    file.extend(u32::try_from(body.len()).expect("short").to_le_bytes());
    file.extend(body);
    file
}

fn riff(file: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    file.extend(kind);
    file.extend(u32::try_from(body.len()).expect("short").to_le_bytes());
    file.extend(body);
    if body.len() % 2 == 1 {
        file.push(0);
    }
}
