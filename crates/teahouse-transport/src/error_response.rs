//! Adds headers to responses that actix-http makes without the application: 400 to requests that cannot be parsed, 408 to
//! heads that arrive too slowly, 431 to heads that are too large. They are recognized and extended as they are written.

use actix_web::web::Bytes;

/// Maximum length of the head of such a response, in bytes.
const HEAD_MAX: usize = 512;
/// A header that every response of the application has.
const APPLICATION_HEADER: &[u8] = b"content-security-policy";

/// An extended response, written in place of the original.
pub(crate) struct ErrorResponse {
    pub(crate) unsent: Bytes,
    pub(crate) replaced_bytes: usize,
}

impl ErrorResponse {
    pub(crate) fn new(original: &[u8], headers: &str) -> Self {
        Self {
            unsent: with_headers(original, headers).into(),
            replaced_bytes: original.len(),
        }
    }
}

/// Returns where such a response begins in bytes that are written while the application is not responding. Having no body
/// and being the connection's last, it is at the end; responses of the application may precede it.
pub(crate) fn find(bytes: &[u8]) -> Option<usize> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail_start = bytes.len().saturating_sub(HEAD_MAX);
    let tail = &bytes[tail_start..];
    let start = tail.windows(7).rposition(|part| part == b"HTTP/1.")?;
    let head = &tail[start..];
    // `HTTP/1.1 400 Bad Request`
    let is_error = head.get(8) == Some(&b' ') && matches!(head.get(9), Some(b'4' | b'5'));
    // Messages cannot imitate a head: their text contains no CRLF.
    let is_empty = contains(head, b"\r\ncontent-length: 0\r\n");
    (is_error && is_empty && !contains(head, APPLICATION_HEADER)).then_some(tail_start + start)
}

/// Returns `head` with `headers` (lines with their CRLF) and `connection: close`.
pub(crate) fn with_headers(head: &[u8], headers: &str) -> Vec<u8> {
    let lines = head.strip_suffix(b"\r\n").unwrap_or(head);
    let close: &[u8] = match contains(lines, b"\r\nconnection:") {
        true => b"",
        false => b"connection: close\r\n",
    };
    [lines, close, headers.as_bytes(), b"\r\n"].concat()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let mut parts = bytes.windows(wanted.len());
    parts.any(|part| part.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn only_responses_of_the_library_are_found() {
        assert_eq!(find(BAD), Some(0));
        let good = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(find(&[&good[..], BAD].concat()), Some(good.len()));
        let long = [&vec![b'x'; 100_000][..], BAD].concat();
        assert_eq!(find(&long), Some(100_000));
        for other in [
            &b""[..],
            good,
            b"HTTP/1.1 303 See Other\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\ncontent-security-policy: x\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"\r\n\r\n",
            b"data: HTTP/1.\r\n\r\n",
            b"data: HTTP/1.1 400 Bad Request\ncontent-length: 0\n\n\r\n0\r\n\r\n",
        ] {
            assert_eq!(find(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn headers_are_added_once_with_connection_close() {
        let extended = with_headers(BAD, "a: b\r\n");
        let wanted =
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\na: b\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&extended), wanted);
        let again = with_headers(&extended, "c: d\r\n");
        let count = String::from_utf8_lossy(&again)
            .matches("connection")
            .count();
        assert_eq!(count, 1);
    }
}
