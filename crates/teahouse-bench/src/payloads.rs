//! Message content, and partial parsers that read only what is counted.

use serde_json::Value;

/// Prefix of every message of a server.
pub(crate) const MESSAGE: &[u8] = br#"{"type":"message","roomId":""#;
/// Prefix of every acknowledgement, before the client id.
pub(crate) const ACK: &[u8] = br#"{"type":"ack","clientId":""#;
/// Prefix of every post, before the client id.
pub(crate) const POST: &[u8] = br#"{"type":"post","clientId":""#;
/// Prefix of every error.
pub(crate) const ERROR: &[u8] = br#"{"type":"error","#;
/// Length of a client id.
pub(crate) const CLIENT_ID_LENGTH: usize = 36;
/// 200 bytes of ordinary text.
pub(crate) const CONTENT: &str = "The kettle is on and the good cups are out; who is coming down? I have saved the seat by the \
window, and a plate of the almond biscuits that went so quickly last time, so do not be too late for them today.";

/// Returns the client id of a message.
pub(crate) fn client_id(text: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = br#""clientId":""#;
    let at = text.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    text.get(at..at + CLIENT_ID_LENGTH)
}

/// Returns a message's room id and sequence number.
pub(crate) fn room_and_seq(text: &[u8]) -> Option<(i64, i64)> {
    let fast = || {
        let rest = text.strip_prefix(MESSAGE)?;
        let (room_id, rest) = number(rest)?;
        let (seq, _) = number(rest.strip_prefix(br#"","seq":"#)?)?;
        Some((room_id, seq))
    };
    fast().or_else(|| {
        let frame: Value = serde_json::from_slice(text).ok()?;
        Some((
            frame["roomId"].as_str()?.parse().ok()?,
            frame["seq"].as_i64()?,
        ))
    })
}

/// Splits off the number at the start.
fn number(text: &[u8]) -> Option<(i64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let value = text[..end].iter().try_fold(0_i64, |value, digit| {
        value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
    })?;
    (end > 0).then_some((value, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_any_order() {
        let usual = br#"{"type":"message","roomId":"7","seq":12,"clientId":"5c6f31a0-0000-4000-8000-000000000000"}"#;
        assert_eq!(room_and_seq(usual), Some((7, 12)));
        assert_eq!(
            client_id(usual),
            Some(b"5c6f31a0-0000-4000-8000-000000000000".as_slice())
        );
        let other = br#"{"seq":12,"type":"message","roomId":"7"}"#;
        assert_eq!(
            (room_and_seq(other), client_id(other)),
            (Some((7, 12)), None)
        );
    }
}
