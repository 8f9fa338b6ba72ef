//! How pages look for whoever reads them.

use crate::models::user::preferences::{APPEARANCES, Preferences, TIME_FORMATS};
use crate::views::locale::Locale;

/// Language, colours and clock.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The language.
    pub locale: Locale,
    /// One of [`APPEARANCES`].
    pub appearance: &'static str,
    /// One of [`TIME_FORMATS`].
    pub time_format: &'static str,
}

impl From<Locale> for Look {
    fn from(locale: Locale) -> Self {
        Self {
            locale,
            appearance: APPEARANCES[0],
            time_format: TIME_FORMATS[0],
        }
    }
}

impl Look {
    /// The same, as a person likes it.
    pub fn preferring(self, preferences: &Preferences) -> Self {
        let known = |all: [&'static str; 3], chosen: &str| {
            let found = all.into_iter().find(|known| *known == chosen);
            found.unwrap_or(all[0])
        };
        let locale = preferences.locale.as_deref();
        Self {
            locale: locale.map_or(self.locale, Locale::from_tag),
            appearance: known(APPEARANCES, &preferences.appearance),
            time_format: known(TIME_FORMATS, &preferences.time_format),
        }
    }

    /// The time of day of an RFC 3339 time, in UTC: scripts put the reader's own in its place.
    pub fn time(self, rfc3339: &str) -> String {
        let time = rfc3339.get(11..16).unwrap_or_default();
        let hour = time.get(..2).and_then(|hour| hour.parse::<u32>().ok());
        match (self.time_format, hour) {
            ("12", Some(hour)) => {
                let half = if hour < 12 { "time-am" } else { "time-pm" };
                let short = format!("{}{}", (hour + 11) % 12 + 1, &time[2..]);
                let sentence = crate::error::LocalizedMessage::with(half, "time", short);
                self.locale.say(&sentence)
            }
            _ => time.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noon_and_midnight_are_twelve() {
        let look = Look {
            time_format: "12",
            ..Locale::EnUs.into()
        };
        let time = |hour: &str| look.time(&format!("2026-11-20T{hour}:05:00.000Z"));
        assert_eq!(time("00"), "12:05 AM");
        assert_eq!(time("12"), "12:05 PM");
        assert_eq!(time("19"), "7:05 PM");
        assert_eq!(
            Look::from(Locale::EnUs).time("2026-11-20T09:05:00.000Z"),
            "09:05"
        );
    }
}
