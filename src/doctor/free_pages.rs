//! Checks whether free pages of an SQLite file still contain data deleted by a version without `secure_delete`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::finding::Finding;

const CHECK: &str = "free pages";
/// Offsets in the database header: page size, first trunk page of the freelist, and number of free pages.
const PAGE_SIZE: usize = 16;
const FIRST_TRUNK: usize = 32;
const FREE_COUNT: usize = 36;

/// The freelist of the database file. The write-ahead log may contain a newer one.
pub(super) struct FreePages {
    count: u64,
    holds_data: bool,
}

/// Reads the freelist. Must run before this process connects to the file: closing any file descriptor of a file releases
/// all POSIX locks of the process on it.
pub(super) fn read(path: &Path) -> io::Result<FreePages> {
    let file = File::open(path)?;
    let mut header = [0; 100];
    file.read_exact_at(&mut header, 0)?;
    let size = match u16::from_be_bytes([header[PAGE_SIZE], header[PAGE_SIZE + 1]]) {
        1 => 65_536,
        size => usize::from(size.max(512)),
    };
    let count = u64::from(read_u32(&header, FREE_COUNT));
    let mut trunk = read_u32(&header, FIRST_TRUNK);
    let (mut seen, mut page) = (0, vec![0; size]);
    let mut holds_data = false;
    while trunk != 0 && seen < count && !holds_data {
        seen += 1;
        let list = read_page(&file, trunk, size)?;
        let leaves = (read_u32(&list, 4) as usize).min(size / 4 - 2);
        holds_data = list[8 + 4 * leaves..].iter().any(|byte| *byte != 0);
        for leaf in (0..leaves).map(|leaf| read_u32(&list, 8 + 4 * leaf)) {
            seen += 1;
            page.copy_from_slice(&read_page(&file, leaf, size)?);
            holds_data |= page.iter().any(|byte| *byte != 0);
        }
        trunk = read_u32(&list, 0);
    }
    Ok(FreePages { count, holds_data })
}

fn read_page(file: &File, page: u32, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    let index = u64::from(page).saturating_sub(1);
    file.read_exact_at(&mut bytes, index * size as u64)?;
    Ok(bytes)
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .iter()
        .take(4)
        .fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Suggests `VACUUM` if free pages contain data, or if that is unknown. `count` is the number reported by SQLite.
pub(super) fn check(read: io::Result<FreePages>, count: u64, path: &Path) -> Finding {
    let may_hold_data = match read {
        Ok(free) => free.holds_data || free.count != count,
        Err(_) => true,
    };
    if count == 0 || !may_hold_data {
        return Finding::ok(CHECK, format!("{count}, overwritten"));
    }
    Finding::warn(
        CHECK,
        format!("{count} free pages may still contain deleted data, such as phone numbers"),
        format!(
            "stop the server, then run: sqlite3 {} 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'",
            path.display()
        ),
    )
}
