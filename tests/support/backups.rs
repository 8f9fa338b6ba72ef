//! Backups: creating, restoring, checking, and modifying them.

use super::images::photo;
use super::{LOBBY, Outcome, Person, Teahouse};
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Creates a backup of a server's data.
pub fn take_backup(server: &Teahouse, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("copy.gz");
    let outcome = server.command(&["backup", &path.display().to_string()]);
    assert!(outcome.status.success(), "{outcome:?}");
    path
}

/// Restores a backup into the database of a URL.
pub fn restore(file: &Path, url: &str, folder: &Path) -> Outcome {
    let settings = [("DATABASE_URL", url), ("DATA_DIR", "data")];
    Teahouse::run(&["restore", &file.display().to_string()], &settings, folder)
}

/// Runs `restore --check` on a backup.
pub fn check(file: &Path) -> Outcome {
    let folder = file.parent().expect("a folder");
    let file = file.display().to_string();
    let outcome = Teahouse::run(&["restore", "--check", &file], &[], folder);
    let left = fs::read_dir(folder).expect("a folder").count();
    assert_eq!(left, 1, "no file is created beside it");
    outcome
}

/// Returns the error message of a failed command.
pub fn refusal(outcome: &Outcome) -> &str {
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    outcome.stderr.trim_end()
}

/// Returns the lines of a backup.
pub fn lines(file: &Path) -> Vec<String> {
    let mut text = String::new();
    let file = fs::File::open(file).expect("a file");
    GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("text");
    text.lines().map(str::to_owned).collect()
}

/// Encodes lines as a backup with correct counts and checksums.
pub fn encode_backup(lines: &[String]) -> Vec<u8> {
    let (mut text, mut rows, mut total) = (String::new(), 0, 0);
    for line in lines {
        let mut line = line.clone();
        if line.starts_with('[') {
            (rows, total) = (rows + 1, total + 1);
        } else if line.starts_with("{\"end\"") {
            let mut end: Value = serde_json::from_str(&line).expect("JSON");
            end["rows"] = json!(if end["end"] == "backup" { total } else { rows });
            let digest = Sha256::digest(&text);
            let digest: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            end["sha256"] = json!(digest.concat());
            (line, rows) = (end.to_string(), 0);
        }
        text += &line;
        text.push('\n');
    }
    gzip(text.as_bytes())
}

/// Compresses bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

/// Returns the range of a table's rows in the lines.
pub fn rows_of(lines: &[String], table: &str) -> std::ops::Range<usize> {
    let end = lines
        .iter()
        .position(|line| line.starts_with(&format!("{{\"end\":\"{table}\"")))
        .expect("a table");
    let rows = lines[..end].iter().rev();
    end - rows.take_while(|line| line.starts_with('[')).count()..end
}

/// Changes a column of a row; negative row numbers count from the end of the table.
pub fn set(lines: &mut [String], table: &str, row: i64, column: &str, value: Value) {
    let manifest: Value = serde_json::from_str(&lines[0]).expect("JSON");
    let tables = manifest["tables"].as_array().expect("tables");
    let table_of = tables.iter().find(|other| other["name"] == table);
    let columns = table_of.expect(table)["columns"]
        .as_array()
        .expect("columns");
    let place = columns.iter().position(|other| other["name"] == column);
    let rows = rows_of(lines, table);
    let at = match usize::try_from(row) {
        Ok(row) => rows.start + row,
        Err(_) => rows.end - usize::try_from(-row).expect("small"),
    };
    let mut cells: Value = serde_json::from_str(&lines[at]).expect("JSON");
    cells[place.expect(column)] = value;
    lines[at] = cells.to_string();
}

/// Creates two users with edits, deletions, mentions and an avatar. Returns them and their room.
pub async fn populate(server: &Teahouse) -> (Person, Person, String) {
    let mei = Person::register(server, "mei").await;
    let bob = Person::register(server, "bob").await;
    let room = mei.create_room("closed", "书房 📚", &[&bob]).await;
    for n in 1..=7 {
        mei.say(&format!("第 {n} 杯茶\n\"☕\" @bob \\ \u{1F375}"))
            .await;
    }
    mei.say_in(&room, "only here").await;
    mei.edit(LOBBY, 2, "edited").await;
    assert_eq!(mei.delete_message(LOBBY, 3).await, 204);
    assert_eq!(bob.mark_read(LOBBY, 4).await, 204);
    let found = mei.upload(&photo(), "a.jpg", "image/jpeg").await.status();
    assert_eq!(found, 303);
    (mei, bob, room)
}
