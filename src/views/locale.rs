//! Interface languages and their messages (`locales/`).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};

use crate::error::LocalizedMessage;

fluent_templates::static_loader! {
    static MESSAGES = {
        locales: "./locales",
        fallback_language: "en-US",
        // Templates isolate names with <bdi>, so no isolation characters are needed in the text.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static EN_US: LanguageIdentifier = langid!("en-US");
static ZH_CN: LanguageIdentifier = langid!("zh-CN");
const IDS: &str = include_str!("../../locales/en-US/main.ftl");

/// Variables that scripts substitute.
const SCRIPT_VARIABLES: [&str; 5] = ["count", "name", "time", "date", "limit"];

/// An interface language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// English.
    #[default]
    EnUs,
    /// 简体中文.
    ZhCn,
}

impl Locale {
    /// Returns the first supported language of a list of BCP 47 tags, best first; English without one.
    pub fn negotiate<'a>(tags: impl Iterator<Item = &'a str>) -> Self {
        tags.filter_map(|tag| match tag.split('-').next() {
            Some(language) if language.eq_ignore_ascii_case("zh") => Some(Self::ZhCn),
            Some(language) if language.eq_ignore_ascii_case("en") => Some(Self::EnUs),
            _ => None,
        })
        .next()
        .unwrap_or_default()
    }

    /// All languages.
    pub const ALL: [Self; 2] = [Self::EnUs, Self::ZhCn];

    /// Parses a tag made by [`Locale::tag`]; English for any other.
    pub fn from_tag(tag: &str) -> Self {
        match tag {
            "zh-CN" => Self::ZhCn,
            _ => Self::EnUs,
        }
    }

    /// Returns the BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::EnUs => "en-US",
            Self::ZhCn => "zh-CN",
        }
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self {
            Self::EnUs => &EN_US,
            Self::ZhCn => &ZH_CN,
        }
    }

    /// Translates a message with its arguments.
    pub fn translate(self, sentence: &LocalizedMessage) -> String {
        let args = sentence
            .args
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), fluent_value(value)))
            .collect();
        self.translate_with(sentence.id, &args)
    }

    /// Translates a message by id and variables.
    pub fn translate_with(
        self,
        id: &str,
        args: &HashMap<Cow<'static, str>, FluentValue<'_>>,
    ) -> String {
        let static_text = args.is_empty().then(|| self.static_text(id)).flatten();
        match static_text {
            Some(sentence) => sentence.to_owned(),
            None => MESSAGES.lookup_with_args(self.id(), id, args),
        }
    }

    /// Returns a message without variables. These are formatted once, because a page has dozens of them.
    pub fn static_text(self, id: &str) -> Option<&'static str> {
        static EN: LazyLock<HashMap<&str, String>> = LazyLock::new(|| static_texts(&EN_US));
        static ZH: LazyLock<HashMap<&str, String>> = LazyLock::new(|| static_texts(&ZH_CN));
        let messages = match self {
            Self::EnUs => &EN,
            Self::ZhCn => &ZH,
        };
        messages.get(id).map(String::as_str)
    }

    /// Returns the messages for scripts (ids with the prefix `js-`) as a JSON object; variables remain as `{name}`.
    pub fn script_messages_json(self) -> &'static str {
        static EN: LazyLock<String> = LazyLock::new(|| script_messages(Locale::EnUs));
        static ZH: LazyLock<String> = LazyLock::new(|| script_messages(Locale::ZhCn));
        match self {
            Self::EnUs => &EN,
            Self::ZhCn => &ZH,
        }
    }
}

/// Converts canonical integers to numbers; codes and names with leading zeros stay text.
fn fluent_value(value: &str) -> FluentValue<'_> {
    match value.parse::<i64>() {
        Ok(number) if number.to_string() == value => FluentValue::from(number),
        _ => FluentValue::from(value),
    }
}

/// Returns the ids of all messages.
fn ids() -> impl Iterator<Item = &'static str> {
    let names = IDS.lines().filter_map(|line| line.split_once('='));
    names.map(|(id, _)| id.trim_end())
}

fn static_texts(language: &LanguageIdentifier) -> HashMap<&'static str, String> {
    let format = |id| (id, MESSAGES.lookup_with_args(language, id, &HashMap::new()));
    ids().filter(|id| is_id(id)).map(format).collect()
}

/// Whether text before an equals sign is a message id; continuation lines may contain one too.
fn is_id(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn script_messages(locale: Locale) -> String {
    let args = SCRIPT_VARIABLES
        .iter()
        .map(|name| {
            (
                Cow::Borrowed(*name),
                FluentValue::from(format!("{{{name}}}")),
            )
        })
        .collect();
    let messages: BTreeMap<&str, String> = ids()
        .filter(|id| id.starts_with("js-"))
        .map(|id| (id, locale.translate_with(id, &args)))
        .collect();
    serde_json::to_string(&messages).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_supported_language_is_chosen() {
        let negotiate = |tags: &[&'static str]| Locale::negotiate(tags.iter().copied());
        assert_eq!(negotiate(&["zh-Hans-CN", "en"]), Locale::ZhCn);
        assert_eq!(negotiate(&["fr-FR", "en-GB", "zh"]), Locale::EnUs);
        assert_eq!(negotiate(&["fr", "zh-TW"]), Locale::ZhCn);
        assert_eq!(negotiate(&["fr"]), Locale::EnUs);
        assert_eq!(negotiate(&[]), Locale::EnUs);
    }

    #[test]
    fn canonical_integers_are_numbers_and_leading_zeros_are_kept() {
        let translate = |count: &str| {
            Locale::EnUs.translate(&LocalizedMessage::with("error-code-wrong", "left", count))
        };
        assert!(translate("1").contains("1 try left") && translate("4").contains("4 tries left"));
        let mut message = LocalizedMessage::with("sms-code", "code", "012345");
        message.args.push(("minutes", "10".to_owned()));
        let message = Locale::EnUs.translate(&message);
        assert!(
            message.starts_with("012345") && message.contains("10 minutes"),
            "{message}"
        );
    }

    #[test]
    fn all_script_messages_exist_in_chinese() {
        let all: HashMap<String, String> =
            serde_json::from_str(Locale::ZhCn.script_messages_json()).expect("JSON");
        assert!(!all.is_empty());
        assert!(
            all.values()
                .all(|sentence| !sentence.contains("Unknown localization"))
        );
    }

    proptest! {
        #[test]
        fn any_id_and_any_value_give_a_text(id in "\\PC{0,20}", value in any::<String>()) {
            for locale in [Locale::EnUs, Locale::ZhCn] {
                prop_assert!(!locale.translate_with(&id, &HashMap::new()).is_empty());
                let text = locale.translate(&LocalizedMessage::with("error-content-too-long", "limit", &value));
                prop_assert!(value.parse::<f64>().is_ok() || text.contains(&value), "{}", text);
            }
        }

        #[test]
        fn any_tags_give_a_language(tags in prop::collection::vec(any::<String>(), 0..5)) {
            let locale = Locale::negotiate(tags.iter().map(String::as_str));
            prop_assert_eq!(Locale::from_tag(locale.tag()), locale);
        }
    }
}
