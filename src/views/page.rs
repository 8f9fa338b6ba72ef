//! What every page has.

use serde::Serialize;

use super::assets;
use super::locale::Locale;
use crate::realtime::frames;

/// So many colours there are for people without a picture.
const HUES: i64 = 12;

/// The frame around a page's own view.
#[derive(Debug, Serialize)]
pub struct Page {
    lang: &'static str,
    assets: String,
    user: Option<Me>,
    strings: &'static str,
}

impl Page {
    /// The frame for nobody in particular.
    pub fn signed_out(locale: Locale) -> Self {
        Self {
            lang: locale.tag(),
            assets: assets::prefix(),
            user: None,
            strings: locale.for_scripts(),
        }
    }

    /// The frame for somebody.
    pub fn signed_in(locale: Locale, user: &frames::User, admin: bool) -> Self {
        let person = Person::from(user);
        Self {
            user: Some(Me { person, admin }),
            ..Self::signed_out(locale)
        }
    }
}

/// The person who looks.
#[derive(Debug, Serialize)]
struct Me {
    #[serde(flatten)]
    person: Person,
    admin: bool,
}

/// A person with what stands for their picture.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    #[serde(flatten)]
    user: frames::User,
    initials: String,
    hue: i64,
}

impl From<&frames::User> for Person {
    fn from(user: &frames::User) -> Self {
        Self {
            initials: initials(&user.username),
            hue: user.id.0.rem_euclid(HUES),
            user: user.clone(),
        }
    }
}

impl Person {
    /// Whether this is that person.
    pub fn is(&self, user: &frames::User) -> bool {
        self.user.id == user.id
    }
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
