//! One kept connection over which requests go one after another: enough to see what each costs the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::error::{Error, Result};

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module's description.
pub(super) struct Client {
    reader: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// `Unavailable` when nobody listens.
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        Ok(Self {
            reader: BufReader::with_capacity(64 * 1024, stream),
        })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// `Unavailable` when none comes that can be read.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        self.reader.get_mut().write_all(request).map_err(failed)?;
        let mut line = String::new();
        self.reader.read_line(&mut line).map_err(failed)?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        let mut answer = Answer {
            status: status.ok_or_else(|| failed("the connection was closed"))?,
            ..Answer::default()
        };
        let (mut length, mut is_chunked) = (0, false);
        loop {
            line.clear();
            self.reader.read_line(&mut line).map_err(failed)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().map_err(failed)?,
                "transfer-encoding" => is_chunked = value.contains("chunked"),
                "etag" => answer.etag = Some(value.to_owned()),
                _ => {}
            }
        }
        if is_chunked {
            while self.read_chunk(&mut answer.body)? {}
        } else if answer.status != 304 {
            answer.body.resize(length, 0);
            self.reader.read_exact(&mut answer.body).map_err(failed)?;
        }
        Ok(answer)
    }

    fn read_chunk(&mut self, body: &mut Vec<u8>) -> Result<bool> {
        let mut line = String::new();
        self.reader.read_line(&mut line).map_err(failed)?;
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(failed)?;
        let start = body.len();
        body.resize(start + length, 0);
        self.reader.read_exact(&mut body[start..]).map_err(failed)?;
        line.clear();
        self.reader.read_line(&mut line).map_err(failed)?;
        Ok(length > 0)
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("no answer came: {error}"))
}
