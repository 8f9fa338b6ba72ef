//! HTTP written byte by byte, for requests that no client library would send.

use super::{TIMEOUT, Teahouse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub async fn connect(server: &Teahouse) -> TcpStream {
    let stream = TcpStream::connect(server.host()).await;
    stream.expect("a connection")
}

/// Sends bytes and returns all that the server sends until it closes the connection.
pub async fn exchange(host: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    // The server may respond before it has read everything.
    let _ = stream.write_all(request).await;
    let mut response = Vec::new();
    let read = timeout(TIMEOUT, stream.read_to_end(&mut response)).await;
    let is_reset = read.expect("the server keeps the connection").is_err();
    let is_expected = !is_reset || !response.is_empty();
    assert!(is_expected, "reset without a response");
    String::from_utf8_lossy(&response).into_owned()
}

/// Returns the status code of the first response.
pub fn status(response: &str) -> u16 {
    let mut parts = response.split(' ');
    let code = parts.nth(1).and_then(|code| code.parse().ok());
    code.unwrap_or_default()
}

/// Returns the values of a header of the last response.
pub fn values<'a>(response: &'a str, name: &str) -> Vec<&'a str> {
    let starts = response.match_indices("HTTP/1.").map(|(start, _)| start);
    let is_status = |start: &usize| {
        let code = response.as_bytes().get(start + 9..start + 12);
        code.is_some_and(|code| code.iter().all(u8::is_ascii_digit))
    };
    let last = starts.filter(is_status).last();
    let last = last.map_or("", |start| &response[start..]);
    let head = last.split("\r\n\r\n").next().unwrap_or_default();
    let fields = head.split("\r\n").skip(1);
    let fields = fields.filter_map(|field| field.split_once(": "));
    fields
        .filter(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}
