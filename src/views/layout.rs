//! What every page has.

use serde::{Serialize, Serializer};

use crate::models::user::account_deletion;
use crate::realtime::frames;
use crate::views::assets;
use crate::views::display_preferences::Look;
use crate::views::locale::Locale;

/// So many colours there are for people without a picture.
const HUES: i64 = 12;

/// What every part of a page has.
#[derive(Debug, Clone, Hash, Serialize)]
pub struct Base {
    lang: &'static str,
    assets: &'static str,
    user: Option<Me>,
}

/// The sentences of a language that scripts say.
#[derive(Debug, Hash)]
struct Strings(Locale);

impl Serialize for Strings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.for_scripts())
    }
}

/// The frame around a page's own view.
#[derive(Debug, Hash, Serialize)]
pub struct Page {
    #[serde(flatten)]
    base: Base,
    strings: Strings,
    appearance: &'static str,
    time_format: &'static str,
}

impl Page {
    /// The frame for nobody in particular.
    pub fn signed_out(look: Look) -> Self {
        Self {
            base: Base {
                lang: look.locale.tag(),
                assets: assets::prefix(),
                user: None,
            },
            strings: Strings(look.locale),
            appearance: look.appearance,
            time_format: look.time_format,
        }
    }

    /// The frame for somebody.
    pub fn signed_in(look: Look, user: &frames::User, admin: bool) -> Self {
        let person = Person::from(user);
        let mut page = Self::signed_out(look);
        page.base.user = Some(Me { person, admin });
        page
    }

    /// What its parts need of it.
    pub fn base(&self) -> &Base {
        &self.base
    }
}

/// The person who looks.
#[derive(Debug, Clone, Hash, Serialize)]
struct Me {
    #[serde(flatten)]
    person: Person,
    admin: bool,
}

/// A person with what stands for their picture.
#[derive(Debug, Clone, Hash, Serialize)]
pub struct Person {
    #[serde(flatten)]
    user: frames::User,
    initials: String,
    hue: i64,
    /// Whether they deleted their account.
    gone: bool,
}

impl From<&frames::User> for Person {
    fn from(user: &frames::User) -> Self {
        Self {
            initials: initials(&user.username),
            hue: user.id.0.rem_euclid(HUES),
            user: user.clone(),
            gone: false,
        }
    }
}

impl Person {
    /// A person who may have deleted their account, which is said in the reader's language.
    pub fn named_in(locale: Locale, user: &frames::User) -> Self {
        let mut person = Self::from(user);
        person.user.username = shown_name(locale, &user.username);
        person.gone = user.username == account_deletion::DELETED_USERNAME;
        if person.gone {
            person.initials = "–".to_owned();
        }
        person
    }

    /// Whether this is that person.
    pub fn is(&self, user: &frames::User) -> bool {
        self.user.id == user.id
    }
}

/// A person's name, or those of a direct room with commas between; whoever is gone is called so in the reader's language.
pub fn shown_name(locale: Locale, name: &str) -> String {
    if !name.contains(account_deletion::DELETED_USERNAME) {
        return name.to_owned();
    }
    let gone = locale.say(&"deleted-person".into());
    let names = name.split(", ").map(|name| match name {
        account_deletion::DELETED_USERNAME => gone.as_str(),
        name => name,
    });
    let names: Vec<&str> = names.collect();
    names.join(", ")
}

/// The first letter of a name, or of its first two words; one character of a script without letter case says enough.
fn initials(username: &str) -> String {
    let mut words = username
        .split(['_', '-', '.'])
        .filter(|word| !word.is_empty());
    let first = words
        .next()
        .and_then(|word| word.chars().next())
        .unwrap_or('?');
    if !(first.is_uppercase() || first.is_lowercase()) {
        return first.to_string();
    }
    let second = words.next().and_then(|word| word.chars().next());
    first
        .to_uppercase()
        .chain(second.into_iter().flat_map(char::to_uppercase))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_suit_the_script() {
        assert_eq!(initials("mei"), "M");
        assert_eq!(initials("mei_lin"), "ML");
        assert_eq!(initials("李梅"), "李");
        assert_eq!(initials("_x"), "X");
    }
}
