//! Sentences, in the language of the terminal.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;

use crate::error::Error;
use crate::views::locale::Locale;

/// As the server calls whoever deleted their account. No username has a space.
const GONE: &str = "deleted person";

/// Says things in a language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice(pub(super) Locale);

impl Voice {
    /// A sentence, filled in. Names stay as they are, even when they look like numbers.
    pub(super) fn say(self, id: &str, args: &[(&'static str, &str)]) -> String {
        let args: HashMap<_, _> = args
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(*value)))
            .collect();
        self.0.translate_with(id, &args)
    }

    /// What somebody is called; whoever deleted their account in the terminal's language.
    pub(super) fn name(self, username: &str) -> String {
        match username {
            GONE => self.say("deleted-person", &[]),
            name => name.to_owned(),
        }
    }

    /// A sentence about a room and a number.
    pub(super) fn count(self, id: &str, room: &str, count: i64) -> String {
        let args = HashMap::from([
            (Cow::Borrowed("room"), FluentValue::from(room)),
            (Cow::Borrowed("count"), FluentValue::from(count)),
        ]);
        self.0.translate_with(id, &args)
    }

    /// What ends the program, as a sentence.
    pub(super) fn fault(self, id: &str, args: &[(&'static str, &str)]) -> Error {
        Error::Unavailable(self.say(id, args))
    }

    /// The language's BCP 47 tag.
    pub(super) fn tag(self) -> &'static str {
        self.0.tag()
    }
}
