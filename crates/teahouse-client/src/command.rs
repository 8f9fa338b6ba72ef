//! Parses input lines.

use serde_json::Value;

/// Messages that `/history` shows without a number.
const HISTORY_DEFAULT: usize = 20;
/// The largest page that the server returns.
const HISTORY_MAX: usize = 100;

/// The meaning of an input line.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Empty,
    /// A message to the current room.
    Post(String),
    /// A direct message: username or phone number, and text.
    PostTo(String, String),
    Rooms,
    Join(String),
    History(usize),
    Who,
    Help,
    Quit,
    /// A script's frame.
    Frame(Value),
    /// A script's line that is neither a JSON object nor a command; the id of the error message.
    BadLine(&'static str),
    /// A command that cannot be used like this; the id of the error message.
    Misused(&'static str),
}

impl Command {
    /// Parses a line. `//` escapes a message that begins with a slash.
    pub(crate) fn parse(line: &str, is_script: bool) -> Self {
        let line = line.trim();
        if line.is_empty() {
            return Self::Empty;
        }
        match is_script {
            true => Self::parse_script(line),
            false => Self::parse_typed(line),
        }
    }

    /// Parses a script's line: a frame, or a command that posts nothing. Plain text is rejected, since it may be output
    /// that was not meant for a room.
    fn parse_script(line: &str) -> Self {
        if line.starts_with('/') {
            return match Self::parse_typed(line) {
                Self::Post(_) | Self::PostTo(..) => Self::BadLine("chat-not-json"),
                Self::Misused(id) => Self::BadLine(id),
                command => command,
            };
        }
        match serde_json::from_str(line) {
            Ok(frame @ Value::Object(_)) => Self::Frame(frame),
            _ => Self::BadLine("chat-not-json"),
        }
    }

    fn parse_typed(line: &str) -> Self {
        let Some(typed) = line.strip_prefix('/') else {
            return Self::Post(line.to_owned());
        };
        if typed.starts_with('/') {
            return Self::Post(typed.to_owned());
        }
        let (name, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let rest = rest.trim();
        match name {
            "rooms" => Self::Rooms,
            "join" if rest.is_empty() => Self::Misused("chat-usage-join"),
            "join" => Self::Join(rest.to_owned()),
            "history" if rest.is_empty() => Self::History(HISTORY_DEFAULT),
            "history" => match rest.parse() {
                Ok(count @ 1..=HISTORY_MAX) => Self::History(count),
                _ => Self::Misused("chat-usage-history"),
            },
            "to" => match rest.split_once(char::is_whitespace) {
                Some((to, text)) => Self::PostTo(to.to_owned(), text.trim().to_owned()),
                None => Self::Misused("chat-usage-to"),
            },
            "who" => Self::Who,
            "help" => Self::Help,
            "quit" | "exit" => Self::Quit,
            _ => Self::Misused("chat-unknown-command"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_messages_and_slashes_begin_commands() {
        let parse = |line| Command::parse(line, false);
        assert_eq!(parse("  "), Command::Empty);
        assert_eq!(parse(" 你好 "), Command::Post("你好".to_owned()));
        assert_eq!(parse("//etc"), Command::Post("/etc".to_owned()));
        assert_eq!(parse("{}"), Command::Post("{}".to_owned()));
        assert_eq!(
            Command::parse("{}", true),
            Command::Frame(serde_json::json!({}))
        );
        for line in [
            "{",
            "[1]",
            "[{}]",
            "\"{}\"",
            "7",
            "true",
            "null",
            "plain",
            "{} {}",
            "-n",
            "//etc",
            "/to lin hi",
        ] {
            assert_eq!(
                Command::parse(line, true),
                Command::BadLine("chat-not-json"),
                "{line}"
            );
        }
        assert_eq!(Command::parse("/rooms", true), Command::Rooms);
        assert_eq!(
            parse("/to  +8613800000000  good  day"),
            Command::PostTo("+8613800000000".to_owned(), "good  day".to_owned())
        );
        assert_eq!(
            parse("/join Tea room"),
            Command::Join("Tea room".to_owned())
        );
        assert_eq!(parse("/history 5"), Command::History(5));
        assert_eq!(parse("/history"), Command::History(HISTORY_DEFAULT));
        for (line, message) in [
            ("/history 0", "chat-usage-history"),
            ("/history all", "chat-usage-history"),
            ("/to lin", "chat-usage-to"),
            ("/join", "chat-usage-join"),
            ("/dance", "chat-unknown-command"),
        ] {
            assert_eq!(parse(line), Command::Misused(message), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_parsed(line in prop_oneof![any::<String>(), "/?/?(to|join|history|who| |[a-z0-9]){0,6}"], is_script in any::<bool>()) {
            match Command::parse(&line, is_script) {
                Command::Post(text) => {
                    prop_assert!(!is_script && !text.is_empty());
                    prop_assert!(line.contains(&text));
                }
                Command::PostTo(to, text) => prop_assert!(!to.is_empty() && line.contains(&text)),
                Command::History(count) => prop_assert!((1..=HISTORY_MAX).contains(&count)),
                Command::Empty => prop_assert!(line.trim().is_empty()),
                Command::Frame(_) | Command::BadLine(_) => prop_assert!(is_script),
                _ => prop_assert!(line.trim_start().starts_with('/') || is_script),
            }
        }
    }
}
