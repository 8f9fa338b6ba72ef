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

/// The texts of a language, made on first use.
struct Texts {
    /// Messages without variables by id. These are formatted once, because a page has dozens of them.
    fixed: HashMap<&'static str, String>,
    script_messages_json: String,
}

static TEXTS: [LazyLock<Texts>; 2] = [
    LazyLock::new(|| Texts::of(Locale::EnUs)),
    LazyLock::new(|| Texts::of(Locale::ZhCn)),
];

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
        let supported = |tag: &str| match tag.split('-').next()?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::ZhCn),
            "en" => Some(Self::EnUs),
            _ => None,
        };
        tags.filter_map(supported).next().unwrap_or_default()
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

    fn texts(self) -> &'static Texts {
        &TEXTS[self as usize]
    }

    fn format(self, id: &str, args: &HashMap<Cow<'static, str>, FluentValue<'_>>) -> String {
        let language = match self {
            Self::EnUs => &EN_US,
            Self::ZhCn => &ZH_CN,
        };
        MESSAGES.lookup_with_args(language, id, args)
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
            None => self.format(id, args),
        }
    }

    /// Returns a message without variables.
    pub fn static_text(self, id: &str) -> Option<&'static str> {
        self.texts().fixed.get(id).map(String::as_str)
    }

    /// Returns the messages for scripts (ids with the prefix `js-`) as a JSON object; variables remain as `{name}`.
    pub fn script_messages_json(self) -> &'static str {
        &self.texts().script_messages_json
    }
}

/// Converts canonical integers to numbers; codes and names with leading zeros stay text.
fn fluent_value(value: &str) -> FluentValue<'_> {
    match value.parse::<i64>() {
        Ok(number) if number.to_string() == value => FluentValue::from(number),
        _ => FluentValue::from(value),
    }
}

impl Texts {
    fn of(locale: Locale) -> Self {
        // Continuation lines may contain an equals sign too.
        let is_id = |text: &&str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let names = IDS.lines().filter_map(|line| line.split_once('='));
        let ids = names.map(|(id, _)| id.trim_end()).filter(is_id);
        let placeholder = |name: &'static str| (name.into(), format!("{{{name}}}").into());
        let placeholders = SCRIPT_VARIABLES.map(placeholder).into();
        let script_ids = ids.clone().filter(|id| id.starts_with("js-"));
        let script_messages: BTreeMap<_, _> = script_ids
            .map(|id| (id, locale.format(id, &placeholders)))
            .collect();
        Self {
            fixed: ids
                .map(|id| (id, locale.format(id, &HashMap::new())))
                .collect(),
            script_messages_json: serde_json::to_string(&script_messages).unwrap_or_default(),
        }
    }
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
