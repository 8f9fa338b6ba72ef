//! Whether free pages of an SQLite file still hold what was deleted before `secure_delete` overwrote it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::finding::Finding;

const CHECK: &str = "free pages";
/// Offsets in the file's header: the page size, the first trunk page of the list of free pages, and their number.
const PAGE_SIZE: usize = 16;
const FIRST_TRUNK: usize = 32;
const FREE_COUNT: usize = 36;

/// What the file itself says; the write-ahead log may know newer.
pub(super) struct FreePages {
    count: u64,
    holds_data: bool,
}

/// Reads the list of free pages. Must run while this process has no connection to the file: closing any descriptor of
/// it ends all locks that the process has there.
pub(super) fn read(path: &Path) -> io::Result<FreePages> {
    let file = File::open(path)?;
    let mut header = [0; 100];
    file.read_exact_at(&mut header, 0)?;
    let size = match u16::from_be_bytes([header[PAGE_SIZE], header[PAGE_SIZE + 1]]) {
        1 => 65_536,
        size => usize::from(size.max(512)),
    };
    let count = u64::from(number(&header, FREE_COUNT));
    let mut trunk = number(&header, FIRST_TRUNK);
    let (mut seen, mut page) = (0, vec![0; size]);
    let mut holds_data = false;
    while trunk != 0 && seen < count && !holds_data {
        seen += 1;
        let list = page_of(&file, trunk, size)?;
        let leaves = (number(&list, 4) as usize).min(size / 4 - 2);
        holds_data = list[8 + 4 * leaves..].iter().any(|byte| *byte != 0);
        for leaf in (0..leaves).map(|leaf| number(&list, 8 + 4 * leaf)) {
            seen += 1;
            page.copy_from_slice(&page_of(&file, leaf, size)?);
            holds_data |= page.iter().any(|byte| *byte != 0);
        }
        trunk = number(&list, 0);
    }
    Ok(FreePages { count, holds_data })
}

fn page_of(file: &File, page: u32, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    let index = u64::from(page).saturating_sub(1);
    file.read_exact_at(&mut bytes, index * size as u64)?;
    Ok(bytes)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .iter()
        .take(4)
        .fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Offers to rewrite the file when free pages hold data, or may: `counted` is what SQLite says.
pub(super) fn check(found: io::Result<FreePages>, counted: u64, path: &Path) -> Finding {
    let holds_data = match found {
        Ok(found) => found.holds_data || found.count != counted,
        Err(_) => counted > 0,
    };
    if counted == 0 || !holds_data {
        return Finding::ok(CHECK, format!("{counted}, overwritten"));
    }
    Finding::warn(
        CHECK,
        format!("{counted} free pages may still hold what was deleted, such as phone numbers"),
        format!(
            "stop the program, then: sqlite3 {} 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'",
            path.display()
        ),
    )
}
