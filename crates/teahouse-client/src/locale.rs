//! Translated messages (`locales/`).

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};

use crate::error::Error;

fluent_templates::static_loader! {
    static MESSAGES = {
        locales: "./locales",
        fallback_language: "en-US",
        // Isolating characters would end up in what scripts and terminals read.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static ENGLISH: Locale = Locale {
    tag: "en-US",
    language: langid!("en-US"),
};
static CHINESE: Locale = Locale {
    tag: "zh-CN",
    language: langid!("zh-CN"),
};

/// The username that the server gives deleted accounts. Usernames of users contain no space.
const DELETED_USER: &str = "deleted person";

/// The language of the terminal.
#[derive(Debug)]
pub(crate) struct Locale {
    /// BCP 47
    pub(crate) tag: &'static str,
    language: LanguageIdentifier,
}

impl Locale {
    /// Returns the language of a locale name such as `zh_CN.UTF-8`; English unless it is Chinese.
    pub(crate) fn from_name(name: &str) -> &'static Self {
        match name.split(['_', '-', '.']).next() {
            Some(language) if language.eq_ignore_ascii_case("zh") => &CHINESE,
            _ => &ENGLISH,
        }
    }

    /// Returns a message. Arguments are inserted verbatim, even if they look like numbers.
    pub(crate) fn translate(&self, id: &str, args: &[(&'static str, &str)]) -> String {
        let args = args
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(*value)))
            .collect();
        MESSAGES.lookup_with_args(&self.language, id, &args)
    }

    /// Returns a message about a room that depends on a number.
    pub(crate) fn translate_count(&self, id: &str, room: &str, count: i64) -> String {
        let args = HashMap::from([
            (Cow::Borrowed("room"), FluentValue::from(room)),
            (Cow::Borrowed("count"), FluentValue::from(count)),
        ]);
        MESSAGES.lookup_with_args(&self.language, id, &args)
    }

    /// Returns the name to show for a user; that of deleted accounts is translated.
    pub(crate) fn display_name(&self, username: &str) -> String {
        match username {
            DELETED_USER => self.translate("chat-deleted-person", &[]),
            name => name.to_owned(),
        }
    }

    /// Returns the error with this message.
    pub(crate) fn error(&self, id: &str, args: &[(&'static str, &str)]) -> Error {
        Error::Message(self.translate(id, args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locale_name_selects_the_language() {
        for (name, tag) in [
            ("zh_CN.UTF-8", "zh-CN"),
            ("ZH-Hans", "zh-CN"),
            ("zh.UTF-8", "zh-CN"),
            ("zha_CN", "en-US"),
            ("fr_FR.UTF-8", "en-US"),
            ("C", "en-US"),
            ("", "en-US"),
        ] {
            assert_eq!(Locale::from_name(name).tag, tag, "{name}");
        }
    }

    #[test]
    fn arguments_are_inserted_verbatim_and_counts_select_the_plural() {
        let room = ENGLISH.translate("chat-removed", &[("room", "007")]);
        assert!(room.contains("007"), "{room}");
        let count = |count| ENGLISH.translate_count("chat-unread", "tea", count);
        assert_eq!(count(1), "tea: 1 unread message");
        assert_eq!(count(2), "tea: 2 unread messages");
    }

    #[test]
    fn deleted_account_has_a_translated_name() {
        assert_eq!(CHINESE.display_name(DELETED_USER), "已注销的用户");
        assert_eq!(CHINESE.display_name("lin"), "lin");
    }
}
