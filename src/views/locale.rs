//! The languages, and every sentence in them (`locales/`).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};

use crate::error::LocalizedMessage;

fluent_templates::static_loader! {
    static SENTENCES = {
        locales: "./locales",
        fallback_language: "en-US",
        // Names stand in <bdi> elements, which do the same for the eye and leave the text clean.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static EN_US: LanguageIdentifier = langid!("en-US");
static ZH_CN: LanguageIdentifier = langid!("zh-CN");
const IDS: &str = include_str!("../../locales/en-US/main.ftl");

/// What scripts fill in themselves.
const SCRIPT_VARIABLES: [&str; 5] = ["count", "name", "time", "date", "limit"];

/// A language that Teahouse speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// English.
    #[default]
    EnUs,
    /// 简体中文.
    ZhCn,
}

impl Locale {
    /// The first language of a list of BCP 47 tags, best first, that Teahouse speaks; English when there is none.
    pub fn negotiate<'a>(tags: impl Iterator<Item = &'a str>) -> Self {
        tags.filter_map(|tag| match tag.split('-').next() {
            Some(language) if language.eq_ignore_ascii_case("zh") => Some(Self::ZhCn),
            Some(language) if language.eq_ignore_ascii_case("en") => Some(Self::EnUs),
            _ => None,
        })
        .next()
        .unwrap_or_default()
    }

    /// All of them, by their tags.
    pub const ALL: [Self; 2] = [Self::EnUs, Self::ZhCn];

    /// Reads a tag that [`Locale::tag`] wrote.
    pub fn from_tag(tag: &str) -> Self {
        match tag {
            "zh-CN" => Self::ZhCn,
            _ => Self::EnUs,
        }
    }

    /// Its BCP 47 tag.
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

    /// A sentence in this language.
    pub fn say(self, sentence: &LocalizedMessage) -> String {
        let args = sentence
            .args
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), fluent_value(value)))
            .collect();
        self.say_with(sentence.id, &args)
    }

    /// A message with its variables.
    pub fn say_with(self, id: &str, args: &HashMap<Cow<'static, str>, FluentValue<'_>>) -> String {
        let plain = args.is_empty().then(|| self.plain(id)).flatten();
        match plain {
            Some(sentence) => sentence.to_owned(),
            None => SENTENCES.lookup_with_args(self.id(), id, args),
        }
    }

    /// A message as it is without variables. They are put together once: a page has dozens of them.
    pub fn plain(self, id: &str) -> Option<&'static str> {
        static EN: LazyLock<HashMap<&str, String>> = LazyLock::new(|| plain_sentences(&EN_US));
        static ZH: LazyLock<HashMap<&str, String>> = LazyLock::new(|| plain_sentences(&ZH_CN));
        let sentences = match self {
            Self::EnUs => &EN,
            Self::ZhCn => &ZH,
        };
        sentences.get(id).map(String::as_str)
    }

    /// The messages for scripts (those whose ids begin with `js-`) as a JSON object; variables stand as `{name}`.
    pub fn for_scripts(self) -> &'static str {
        static EN: LazyLock<String> = LazyLock::new(|| script_sentences(Locale::EnUs));
        static ZH: LazyLock<String> = LazyLock::new(|| script_sentences(Locale::ZhCn));
        match self {
            Self::EnUs => &EN,
            Self::ZhCn => &ZH,
        }
    }
}

/// A number, if it would be written just so: codes and names may begin with a zero.
fn fluent_value(value: &str) -> FluentValue<'_> {
    match value.parse::<i64>() {
        Ok(number) if number.to_string() == value => FluentValue::from(number),
        _ => FluentValue::from(value),
    }
}

/// The name of every message.
fn ids() -> impl Iterator<Item = &'static str> {
    let names = IDS.lines().filter_map(|line| line.split_once('='));
    names.map(|(id, _)| id.trim_end())
}

fn plain_sentences(language: &LanguageIdentifier) -> HashMap<&'static str, String> {
    let say = |id| {
        (
            id,
            SENTENCES.lookup_with_args(language, id, &HashMap::new()),
        )
    };
    ids().filter(|id| is_id(id)).map(say).collect()
}

/// Whether a line begins with a message's name, and not with a text that has an equals sign in it.
fn is_id(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn script_sentences(locale: Locale) -> String {
    let args = SCRIPT_VARIABLES
        .iter()
        .map(|name| {
            (
                Cow::Borrowed(*name),
                FluentValue::from(format!("{{{name}}}")),
            )
        })
        .collect();
    let sentences: BTreeMap<&str, String> = ids()
        .filter(|id| id.starts_with("js-"))
        .map(|id| (id, locale.say_with(id, &args)))
        .collect();
    serde_json::to_string(&sentences).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_language_that_is_spoken_wins() {
        let negotiate = |tags: &[&'static str]| Locale::negotiate(tags.iter().copied());
        assert_eq!(negotiate(&["zh-Hans-CN", "en"]), Locale::ZhCn);
        assert_eq!(negotiate(&["fr-FR", "en-GB", "zh"]), Locale::EnUs);
        assert_eq!(negotiate(&["fr", "zh-TW"]), Locale::ZhCn);
        assert_eq!(negotiate(&["fr"]), Locale::EnUs);
        assert_eq!(negotiate(&[]), Locale::EnUs);
    }

    #[test]
    fn numbers_are_numbers_and_digits_that_begin_with_a_zero_stay() {
        let say =
            |count: &str| Locale::EnUs.say(&LocalizedMessage::with("error-code-wrong", "left", count));
        assert!(say("1").contains("once") && say("4").contains("4 more times"));
        let mut message = LocalizedMessage::with("sms-code", "code", "012345");
        message.args.push(("minutes", "10".to_owned()));
        let message = Locale::EnUs.say(&message);
        assert!(
            message.starts_with("012345") && message.contains("10 minutes"),
            "{message}"
        );
    }

    #[test]
    fn sentences_for_scripts_keep_their_variables() {
        let all: HashMap<String, String> =
            serde_json::from_str(Locale::ZhCn.for_scripts()).expect("JSON");
        assert!(!all.is_empty());
        assert!(
            all.values()
                .all(|sentence| !sentence.contains("Unknown localization"))
        );
    }

    proptest! {
        #[test]
        fn any_id_and_any_value_give_a_sentence(id in "\\PC{0,20}", value in any::<String>()) {
            for locale in [Locale::EnUs, Locale::ZhCn] {
                prop_assert!(!locale.say_with(&id, &HashMap::new()).is_empty());
                let said = locale.say(&LocalizedMessage::with("error-content-too-long", "limit", &value));
                prop_assert!(value.parse::<f64>().is_ok() || said.contains(&value), "{}", said);
            }
        }

        #[test]
        fn any_tags_give_a_language(tags in prop::collection::vec(any::<String>(), 0..5)) {
            let locale = Locale::negotiate(tags.iter().map(String::as_str));
            prop_assert_eq!(Locale::from_tag(locale.tag()), locale);
        }
    }
}
