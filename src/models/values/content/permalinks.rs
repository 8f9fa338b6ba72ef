//! Links to this installation's rooms and messages: `/rooms/{id}`, optionally with `?at={seq}`.

use std::sync::OnceLock;

static ORIGIN: OnceLock<String> = OnceLock::new();

/// Sets the installation's origin: scheme, host and port. Later calls have no effect.
pub fn set_origin(origin: &str) {
    let _ = ORIGIN.set(origin.to_owned());
}

/// Returns whether the URL leads to a room or message of this installation.
pub(super) fn is_permalink(url: &str) -> bool {
    ORIGIN.get().is_some_and(|origin| is_room_at(origin, url))
}

fn is_room_at(origin: &str, url: &str) -> bool {
    let Some((start, path)) = url.split_at_checked(origin.len()) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_room = |path: &str| match path.split_once("?at=") {
        Some((room, seq)) => is_number(room) && is_number(seq),
        None => is_number(path),
    };
    start.eq_ignore_ascii_case(origin) && path.strip_prefix("/rooms/").is_some_and(is_room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rooms_and_messages_of_this_origin_are_permalinks() {
        let origin = "https://chat.example";
        for own in [
            "https://chat.example/rooms/1?at=5",
            "HTTPS://Chat.Example/rooms/12",
        ] {
            assert!(is_room_at(origin, own), "{own}");
        }
        for other in [
            "https://chat.example.evil.example/rooms/1?at=5",
            "https://chat.example:8443/rooms/1?at=5",
            "http://chat.example/rooms/1?at=5",
            "https://chat.example/rooms/",
            "https://chat.example/rooms/1?at=5&x=1",
            "https://chat.example/rooms/1/members",
            "https://chat.example/pairings/abc",
            "https://chat.exampl",
            "https://chat.exampl茶/rooms/1",
        ] {
            assert!(!is_room_at(origin, other), "{other}");
        }
    }
}
