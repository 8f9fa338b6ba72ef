//! Writes and reads the backup file, line by line, with checksums.

use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cell::Cell;
use super::{FORMAT, Manifest};
use crate::error::{Error, Result};
use crate::models::values::signing::hex;

/// Longest line, in bytes: far more than the longest row.
const LINE_BYTES: u64 = 64 << 20;
const BACKUP: &str = "backup";

/// The line that closes a table or the whole backup.
#[derive(Serialize, Deserialize)]
struct Trailer {
    end: String,
    rows: u64,
    sha256: String,
}

fn write_error(error: io::Error) -> Error {
    Error::Unavailable(format!("the backup cannot be written: {error}"))
}

fn damage_error(cause: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("the file is damaged: {cause}"))
}

fn read_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damage_error("it is cut off"),
        _ => damage_error(error),
    }
}

pub(super) struct Writer<W: Write> {
    out: GzEncoder<W>,
    line: Vec<u8>,
    digest: Sha256,
    total: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, manifest: &Manifest) -> Result<Self> {
        let mut writer = Self {
            // Within 1 % of the default level's size, in three quarters of its time (a million messages).
            out: GzEncoder::new(out, Compression::new(3)),
            line: Vec::new(),
            digest: Sha256::new(),
            total: 0,
        };
        writer.json(manifest)?;
        Ok(writer)
    }

    pub(super) fn row(&mut self, row: &[Cell]) -> Result<()> {
        self.total += 1;
        self.json(row)
    }

    /// Writes the last line and returns the underlying writer.
    pub(super) fn finish(mut self) -> Result<W> {
        self.end(BACKUP, self.total)?;
        self.out.finish().map_err(write_error)
    }

    /// Writes the line that closes a table or the whole backup.
    pub(super) fn end(&mut self, end: &str, rows: u64) -> Result<()> {
        let (end, sha256) = (end.to_owned(), hex(&self.digest.clone().finalize()));
        self.json(&Trailer { end, rows, sha256 })
    }

    fn json(&mut self, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value).map_err(Error::internal)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.out.write_all(&self.line).map_err(write_error)
    }
}

/// A line after the manifest.
pub(super) enum Line {
    Row(Vec<Cell>),
    /// Closes a table whose number of rows and checksum are correct.
    TableEnd,
    /// Closes the backup; nothing follows.
    End,
}

/// Reads a backup. Every error is a fault of the file, after which nothing more can be read.
pub(super) struct Reader<R: BufRead> {
    input: BufReader<GzDecoder<R>>,
    line: Vec<u8>,
    digest: Sha256,
    pub(super) manifest: Manifest,
    table: usize,
    rows: u64,
    total: u64,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R) -> Result<Self> {
        let mut input = BufReader::with_capacity(1 << 16, GzDecoder::new(input));
        let mut line = Vec::new();
        read_line(&mut input, &mut line).map_err(|error| {
            let cause = error.into_cause();
            Error::Unavailable(format!("this is not a Teahouse backup: {cause}"))
        })?;
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            teahouse_backup: u32,
        }
        let version: Version = serde_json::from_slice(&line)
            .map_err(|_| Error::Unavailable("this is not a Teahouse backup".into()))?;
        if version.teahouse_backup != FORMAT {
            return Err(Error::Unavailable(format!(
                "this backup has format {}, but this version reads only format {FORMAT}: use the version that wrote it",
                version.teahouse_backup
            )));
        }
        let manifest = serde_json::from_slice(&line).map_err(damage_error)?;
        let digest = Sha256::new_with_prefix(&line);
        Ok(Self {
            input,
            line,
            digest,
            manifest,
            table: 0,
            rows: 0,
            total: 0,
        })
    }

    pub(super) fn next(&mut self) -> Result<Line> {
        read_line(&mut self.input, &mut self.line)?;
        if self.line.first() == Some(&b'[') {
            let row = serde_json::from_slice(&self.line)
                .map_err(|error| damage_error(format!("row {}: {error}", self.total + 1)))?;
            self.digest.update(&self.line);
            self.rows += 1;
            self.total += 1;
            return Ok(Line::Row(row));
        }
        let end: Trailer = serde_json::from_slice(&self.line).map_err(damage_error)?;
        let table = self.manifest.tables.get(self.table);
        let (expected, rows) = match table {
            Some(table) => (table.name.as_str(), self.rows),
            None => (BACKUP, self.total),
        };
        if end.end != expected {
            return Err(damage_error(format!(
                "{expected} should end here, not {}",
                end.end
            )));
        }
        if end.rows != rows {
            return Err(damage_error(format!(
                "{expected} should have {} rows, but has {rows}",
                end.rows
            )));
        }
        if end.sha256 != hex(&self.digest.clone().finalize()) {
            return Err(damage_error(format!("the checksum of {expected} is wrong")));
        }
        self.digest.update(&self.line);
        if table.is_some() {
            (self.table, self.rows) = (self.table + 1, 0);
            return Ok(Line::TableEnd);
        }
        self.require_end()?;
        Ok(Line::End)
    }

    /// Reads the end of the compressed data, and with it its checksum.
    fn require_end(&mut self) -> Result<()> {
        let mut rest = [0];
        let more = self.input.read(&mut rest).map_err(read_error)?;
        let trailing = self.input.get_mut().get_mut().fill_buf();
        if more > 0 || !trailing.map_err(read_error)?.is_empty() {
            return Err(damage_error("something follows its end"));
        }
        Ok(())
    }
}

fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<()> {
    line.clear();
    let read = input.take(LINE_BYTES).read_until(b'\n', line);
    match read {
        Ok(_) if line.last() == Some(&b'\n') => Ok(()),
        Ok(_) if line.len() as u64 == LINE_BYTES => Err(damage_error("a line is too long")),
        Ok(_) => Err(damage_error("it is cut off")),
        Err(error) => Err(read_error(error)),
    }
}
