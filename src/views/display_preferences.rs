//! Language, theme and time format of the person who reads a page.

use crate::error::LocalizedMessage;
use crate::models::user::preferences::{APPEARANCES, Preferences, TIME_FORMATS};
use crate::views::locale::Locale;

/// Language, theme and time format.
#[derive(Debug, Clone, Copy)]
pub struct DisplayPreferences {
    /// Interface language.
    pub locale: Locale,
    /// One of [`APPEARANCES`].
    pub appearance: &'static str,
    /// One of [`TIME_FORMATS`].
    pub time_format: &'static str,
}

impl From<Locale> for DisplayPreferences {
    fn from(locale: Locale) -> Self {
        Self {
            locale,
            appearance: APPEARANCES[0],
            time_format: TIME_FORMATS[0],
        }
    }
}

impl DisplayPreferences {
    /// Applies stored preferences; unknown values become the defaults.
    pub fn with_preferences(self, preferences: &Preferences) -> Self {
        let parse = |all: [&'static str; 3], chosen: &str| {
            let found = all.into_iter().find(|value| *value == chosen);
            found.unwrap_or(all[0])
        };
        let locale = preferences.locale.as_deref();
        Self {
            locale: locale.map_or(self.locale, Locale::from_tag),
            appearance: parse(APPEARANCES, &preferences.appearance),
            time_format: parse(TIME_FORMATS, &preferences.time_format),
        }
    }

    /// Formats date and time (UTC) of an RFC 3339 timestamp, such as `2026-11-20, 19:04`.
    pub fn date_time(self, rfc3339: &str) -> String {
        format!("{}, {}", &rfc3339[..10], self.time(rfc3339))
    }

    /// Formats the time of day (UTC) of an RFC 3339 timestamp. Scripts replace it with the local time.
    pub fn time(self, rfc3339: &str) -> String {
        let time = rfc3339.get(11..16).unwrap_or_default();
        let hour = time.get(..2).and_then(|hour| hour.parse::<u32>().ok());
        match (self.time_format, hour) {
            ("12", Some(hour)) => {
                let period = if hour < 12 { "time-am" } else { "time-pm" };
                let short = format!("{}{}", (hour + 11) % 12 + 1, &time[2..]);
                let message = LocalizedMessage::with(period, "time", short);
                self.locale.translate(&message)
            }
            _ => time.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_hour_clock_shows_noon_and_midnight_as_twelve() {
        let display = DisplayPreferences {
            time_format: "12",
            ..Locale::EnUs.into()
        };
        let time = |hour: &str| display.time(&format!("2026-11-20T{hour}:05:00.000Z"));
        assert_eq!(time("00"), "12:05 AM");
        assert_eq!(time("12"), "12:05 PM");
        assert_eq!(time("19"), "7:05 PM");
        assert_eq!(
            DisplayPreferences::from(Locale::EnUs).time("2026-11-20T09:05:00.000Z"),
            "09:05"
        );
    }
}
