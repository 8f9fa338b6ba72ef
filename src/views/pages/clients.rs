//! Browser and system of a client, from its `User-Agent`.

use serde::Serialize;

/// Such as Firefox on Android; `None` if unknown.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    browser: Option<String>,
    system: Option<&'static str>,
}

/// Marks in `User-Agent` and the browsers' names. Most browsers also send the marks after theirs, so the order matters.
const BROWSERS: [(&str, &str); 12] = [
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("MicroMessenger/", "WeChat"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Mozilla/", ""),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

impl Client {
    /// Recognizes common browsers; of other clients the product name before the first `/`.
    pub fn from_user_agent(user_agent: &str) -> Self {
        let find = |names: &[(&str, &'static str)]| {
            let found = names.iter().find(|(mark, _)| user_agent.contains(mark));
            found.map(|(_, name)| *name)
        };
        let product = || user_agent.split(['/', ' ']).next().unwrap_or_default();
        let browser = find(&BROWSERS).unwrap_or_else(product);
        Self {
            browser: (!browser.is_empty()).then(|| browser.chars().take(40).collect()),
            system: find(&SYSTEMS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[test]
    fn browsers_and_systems_are_recognized() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        for (user_agent, browser, system) in [
            (windows, Some("Edge"), Some("Windows")),
            (iphone, Some("Safari"), Some("iPhone")),
            ("curl/8.0", Some("curl"), None),
            ("Mozilla/5.0 (X11; Linux)", None, Some("Linux")),
            ("", None, None),
        ] {
            let browser = browser.map(str::to_owned);
            let expected = Client { browser, system };
            assert_eq!(Client::from_user_agent(user_agent), expected);
        }
    }
}
