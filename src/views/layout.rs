//! Template variables that every page has.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::models::user::User;
use crate::models::user::account_deletion::DELETED_USERNAME;
use crate::protocol;
use crate::views::assets;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::locale::Locale;

/// Error messages by field of a form; `None` for a field without an error.
pub type FieldMessages = BTreeMap<&'static str, Option<String>>;

/// Number of colours for avatars without a picture.
const HUES: i64 = 12;

/// Template variables of every fragment of a page.
#[derive(Debug, Clone, Hash, Serialize)]
pub struct FragmentVariables {
    lang: &'static str,
    assets: &'static str,
    user: Option<SignedInUser>,
}

/// The `js-` messages of a language, which scripts use.
#[derive(Debug, Hash)]
struct Strings(Locale);

impl Serialize for Strings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.script_messages_json())
    }
}

/// Template variables of the page layout.
#[derive(Debug, Hash, Serialize)]
pub struct Page {
    #[serde(flatten)]
    fragment: FragmentVariables,
    strings: Strings,
    appearance: &'static str,
    time_format: &'static str,
}

impl Page {
    /// Layout without a signed-in user.
    pub fn signed_out(display: DisplayPreferences) -> Self {
        Self {
            fragment: FragmentVariables {
                lang: display.locale.tag(),
                assets: assets::prefix(),
                user: None,
            },
            strings: Strings(display.locale),
            appearance: display.appearance,
            time_format: display.time_format,
        }
    }

    /// Layout for a signed-in user.
    pub fn signed_in(display: DisplayPreferences, user: &User) -> Self {
        let mut page = Self::signed_out(display);
        page.fragment.user = Some(SignedInUser {
            user: DisplayUser::from(&user.to_public()),
            is_admin: user.is_admin(),
        });
        page
    }

    /// Returns the variables of its fragments.
    pub fn fragment_variables(&self) -> &FragmentVariables {
        &self.fragment
    }
}

/// The signed-in user.
#[derive(Debug, Clone, Hash, Serialize)]
struct SignedInUser {
    #[serde(flatten)]
    user: DisplayUser,
    #[serde(rename = "admin")]
    is_admin: bool,
}

/// A user with the initials and colour shown without a picture.
#[derive(Debug, Clone, Hash, Serialize)]
pub struct DisplayUser {
    #[serde(flatten)]
    user: protocol::User,
    initials: String,
    hue: i64,
    /// Whether the account is deleted.
    deleted: bool,
}

impl From<&protocol::User> for DisplayUser {
    fn from(user: &protocol::User) -> Self {
        Self {
            initials: initials(&user.username),
            hue: user.id.0.rem_euclid(HUES),
            user: user.clone(),
            deleted: false,
        }
    }
}

impl DisplayUser {
    /// Returns a user whose name is translated if the account is deleted.
    pub fn localized(locale: Locale, user: &protocol::User) -> Self {
        let mut localized = Self::from(user);
        localized.user.username = display_name(locale, &user.username);
        localized.deleted = user.username == DELETED_USERNAME;
        if localized.deleted {
            localized.initials = "–".to_owned();
        }
        localized
    }
}

/// Translates the placeholder of deleted accounts in a username, or in the comma-separated names of a direct room.
pub fn display_name(locale: Locale, name: &str) -> String {
    if !name.contains(DELETED_USERNAME) {
        return name.to_owned();
    }
    // No username contains the placeholder, which has a space.
    name.replace(
        DELETED_USERNAME,
        &locale.translate(&"deleted-person".into()),
    )
}

/// Returns the first letters of the first two words of a name; one character for scripts without letter case.
fn initials(username: &str) -> String {
    let mut letters = username
        .split(['_', '-', '.'])
        .filter_map(|word| word.chars().next());
    let first = letters.next().unwrap_or('?');
    let has_case = first.is_uppercase() || first.is_lowercase();
    let second = letters.next().filter(|_| has_case);
    let letters = [Some(first), second].into_iter().flatten();
    letters.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_depend_on_the_script() {
        assert_eq!(initials("mei"), "M");
        assert_eq!(initials("mei_lin"), "ML");
        assert_eq!(initials("李梅"), "李");
        assert_eq!(initials("_x"), "X");
    }
}
