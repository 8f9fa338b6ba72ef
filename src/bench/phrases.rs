//! What is said, and what is read of it where it lies: only what is counted.

use serde_json::Value;

/// How every message of a server begins.
pub(super) const MESSAGE: &[u8] = br#"{"type":"message","roomId":""#;
/// How every acknowledgement begins, before the name.
pub(super) const ACK: &[u8] = br#"{"type":"ack","clientId":""#;
/// How everything that is posted begins, before the name.
pub(super) const POST: &[u8] = br#"{"type":"post","clientId":""#;
/// How a refusal begins.
pub(super) const REFUSAL: &[u8] = br#"{"type":"error","#;
/// A client id's length.
pub(super) const ID: usize = 36;
/// 200 bytes, as people write.
pub(super) const CONTENT: &str = "The kettle is on and the good cups are out; who is coming down? I have saved the seat by the \
window, and a plate of the almond biscuits that went so quickly last time, so do not be too late for them today.";

/// The name that its sender gave a message.
pub(super) fn name(text: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = br#""clientId":""#;
    let at = text.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    text.get(at..at + ID)
}

/// A message's room and place.
pub(super) fn numbers(text: &[u8]) -> Option<(i64, i64)> {
    let quick = || {
        let rest = text.strip_prefix(MESSAGE)?;
        let (room_id, rest) = number(rest)?;
        let (seq, _) = number(rest.strip_prefix(br#"","seq":"#)?)?;
        Some((room_id, seq))
    };
    quick().or_else(|| {
        let frame: Value = serde_json::from_slice(text).ok()?;
        Some((
            frame["roomId"].as_str()?.parse().ok()?,
            frame["seq"].as_i64()?,
        ))
    })
}

/// The number with which this begins, and what follows it.
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
    fn a_message_is_read_wherever_its_numbers_stand() {
        let usual = br#"{"type":"message","roomId":"7","seq":12,"clientId":"5c6f31a0-0000-4000-8000-000000000000"}"#;
        assert_eq!(numbers(usual), Some((7, 12)));
        assert_eq!(
            name(usual),
            Some(b"5c6f31a0-0000-4000-8000-000000000000".as_slice())
        );
        let other = br#"{"seq":12,"type":"message","roomId":"7"}"#;
        assert_eq!((numbers(other), name(other)), (Some((7, 12)), None));
    }
}
