//! Responses that the HTTP library makes itself, because it has no request to hand to the application: 400 to what cannot
//! be parsed, 408 to a head that comes too slowly, 431 to one that is too large. They carry nothing that the application
//! gives its responses, so that is added where the bytes are written.

/// Such a head is no longer than this.
const HEAD_MAX: usize = 512;
/// What every response of the application has.
const MARK: &[u8] = b"content-security-policy";

/// A response of the library, with our headers.
pub(super) struct Refusal {
    bytes: Vec<u8>,
    written: usize,
    /// How many bytes of the original it replaces.
    pub(super) stands_for: usize,
}

impl Refusal {
    pub(super) fn new(original: &[u8], headers: &str) -> Self {
        Self {
            bytes: with_headers(original, headers),
            written: 0,
            stands_for: original.len(),
        }
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Whether all is written, with these bytes.
    pub(super) fn advance(&mut self, written: usize) -> bool {
        self.written += written;
        self.rest().is_empty()
    }
}

/// Where such a response begins in what is written while no request is being answered. It has no body and is the last on
/// its connection, so it is what the bytes end with; responses of the application may stand before it.
pub(super) fn start(bytes: &[u8]) -> Option<usize> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let from = bytes.len().saturating_sub(HEAD_MAX);
    let tail = &bytes[from..];
    let start = tail.windows(7).rposition(|seven| seven == b"HTTP/1.")?;
    let head = &tail[start..];
    // `HTTP/1.1 400 Bad Request`
    let is_error = head.get(8) == Some(&b' ') && matches!(head.get(9), Some(b'4' | b'5'));
    let has = |line: &[u8]| {
        let mut parts = head.windows(line.len());
        parts.any(|part| part.eq_ignore_ascii_case(line))
    };
    // No text of a person has line ends of this kind.
    (is_error && has(b"\r\ncontent-length: 0\r\n") && !has(MARK)).then_some(from + start)
}

/// A head with these lines at its end. The connection ends after it.
pub(super) fn with_headers(head: &[u8], headers: &str) -> Vec<u8> {
    let lines = head.strip_suffix(b"\r\n").unwrap_or(head);
    let close: &[u8] = b"connection: close\r\n";
    let names_connection = |part: &[u8]| part.eq_ignore_ascii_case(b"\r\nconnection:");
    match lines.windows(13).any(names_connection) {
        true => [lines, headers.as_bytes(), b"\r\n"].concat(),
        false => [lines, close, headers.as_bytes(), b"\r\n"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn the_librarys_own_responses_are_found_at_the_end() {
        assert_eq!(start(BAD), Some(0));
        let good = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert_eq!(start(&[&good[..], BAD].concat()), Some(good.len()));
        let long = [&vec![b'x'; 100_000][..], BAD].concat();
        assert_eq!(start(&long), Some(100_000));
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
            assert_eq!(start(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn headers_stand_before_the_end_and_the_connection_closes() {
        let whole = with_headers(BAD, "a: b\r\n");
        let wanted =
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\na: b\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&whole), wanted);
        let again = with_headers(&whole, "c: d\r\n");
        assert_eq!(
            String::from_utf8_lossy(&again)
                .matches("connection")
                .count(),
            1
        );
    }
}
