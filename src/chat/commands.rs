//! What a line means.

use serde_json::Value;

/// Messages that `/history` shows when it is not told.
const HISTORY: usize = 20;
/// The most that a page of history holds.
const HISTORY_MAX: usize = 100;

/// What somebody typed.
#[derive(Debug, PartialEq)]
pub(super) enum Command {
    Nothing,
    Say(String),
    To(String, String),
    Rooms,
    Join(String),
    History(usize),
    Who,
    Help,
    Quit,
    /// A frame of a script.
    Raw(Value),
    /// A line of a script that is neither a JSON object nor a command, and the id of the sentence that says so.
    Stray(&'static str),
    /// The id of the sentence that says what is wrong.
    Wrong(&'static str),
}

impl Command {
    /// Reads a line. `//` begins a message that begins with a slash.
    pub(super) fn parse(line: &str, is_script: bool) -> Self {
        let line = line.trim();
        if line.is_empty() {
            return Self::Nothing;
        }
        match is_script {
            true => Self::parse_of_script(line),
            false => Self::parse_typed(line),
        }
    }

    /// Reads a line of a script: a frame, or a command that posts nothing. Any other line may be output that was not
    /// meant for a room, so it is refused.
    fn parse_of_script(line: &str) -> Self {
        if line.starts_with('/') {
            return match Self::parse_typed(line) {
                Self::Say(_) | Self::To(..) => Self::Stray("chat-not-json"),
                Self::Wrong(id) => Self::Stray(id),
                command => command,
            };
        }
        match serde_json::from_str(line) {
            Ok(frame @ Value::Object(_)) => Self::Raw(frame),
            _ => Self::Stray("chat-not-json"),
        }
    }

    fn parse_typed(line: &str) -> Self {
        let Some(typed) = line.strip_prefix('/') else {
            return Self::Say(line.to_owned());
        };
        if typed.starts_with('/') {
            return Self::Say(typed.to_owned());
        }
        let (name, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let rest = rest.trim();
        match name {
            "rooms" => Self::Rooms,
            "join" if rest.is_empty() => Self::Wrong("chat-usage-join"),
            "join" => Self::Join(rest.to_owned()),
            "history" if rest.is_empty() => Self::History(HISTORY),
            "history" => match rest.parse() {
                Ok(count @ 1..=HISTORY_MAX) => Self::History(count),
                _ => Self::Wrong("chat-usage-history"),
            },
            "to" => match rest.split_once(char::is_whitespace) {
                Some((to, text)) => Self::To(to.to_owned(), text.trim().to_owned()),
                None => Self::Wrong("chat-usage-to"),
            },
            "who" => Self::Who,
            "help" => Self::Help,
            "quit" | "exit" => Self::Quit,
            _ => Self::Wrong("chat-unknown-command"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_said_and_slashes_are_commands() {
        let read = |line| Command::parse(line, false);
        assert_eq!(read("  "), Command::Nothing);
        assert_eq!(read(" 你好 "), Command::Say("你好".to_owned()));
        assert_eq!(read("//etc"), Command::Say("/etc".to_owned()));
        assert_eq!(read("{}"), Command::Say("{}".to_owned()));
        assert_eq!(
            Command::parse("{}", true),
            Command::Raw(serde_json::json!({}))
        );
        for stray in [
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
                Command::parse(stray, true),
                Command::Stray("chat-not-json"),
                "{stray}"
            );
        }
        assert_eq!(Command::parse("/rooms", true), Command::Rooms);
        assert_eq!(
            read("/to  +8613800000000  good  day"),
            Command::To("+8613800000000".to_owned(), "good  day".to_owned())
        );
        assert_eq!(read("/join Tea room"), Command::Join("Tea room".to_owned()));
        assert_eq!(read("/history 5"), Command::History(5));
        assert_eq!(read("/history"), Command::History(HISTORY));
        for (line, wrong) in [
            ("/history 0", "chat-usage-history"),
            ("/history all", "chat-usage-history"),
            ("/to lin", "chat-usage-to"),
            ("/join", "chat-usage-join"),
            ("/dance", "chat-unknown-command"),
        ] {
            assert_eq!(read(line), Command::Wrong(wrong), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_means_something(line in prop_oneof![any::<String>(), "/?/?(to|join|history|who| |[a-z0-9]){0,6}"], is_script in any::<bool>()) {
            match Command::parse(&line, is_script) {
                Command::Say(text) => {
                    prop_assert!(!is_script && !text.is_empty());
                    prop_assert!(line.contains(&text));
                }
                Command::To(to, text) => prop_assert!(!to.is_empty() && line.contains(&text)),
                Command::History(count) => prop_assert!((1..=HISTORY_MAX).contains(&count)),
                Command::Nothing => prop_assert!(line.trim().is_empty()),
                Command::Raw(_) | Command::Stray(_) => prop_assert!(is_script),
                _ => prop_assert!(line.trim_start().starts_with('/') || is_script),
            }
        }
    }
}
