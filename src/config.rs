//! Settings, typed. `config/default.toml` describes each of them.

mod accounts;
mod github;
mod public_origin;
mod secret;
mod sms;

use std::net::IpAddr;
use std::path::PathBuf;

pub use self::accounts::{Accounts, Invites, Registration, Throttle, Verification};
pub use self::github::Github;
pub use self::secret::Secret;
pub use self::sms::{Sender, Sms};

use config::{Config, Environment as Variables, File, FileFormat};
use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Settings {
    #[serde(skip)]
    pub environment: Environment,
    pub server: Server,
    pub data: Data,
    pub database: Database,
    pub accounts: Accounts,
    pub messages: Messages,
    pub socket: Socket,
    pub throttle: Throttle,
    pub verification: Verification,
    pub sms: Sms,
    pub github: Github,
    pub log: Log,
    pub metrics: Metrics,
}

/// What the program runs for: `TEAHOUSE_ENV`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Environment {
    /// On somebody's desk.
    #[default]
    Development,
    /// Under the tests.
    Test,
    /// For people.
    Production,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Server {
    #[serde(deserialize_with = "host")]
    pub host: String,
    pub port: u16,
    pub public_origin: String,
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub workers: usize,
    pub shutdown_seconds: u64,
    pub head_seconds: u32,
    pub body_seconds: u64,
    pub idle_seconds: u32,
    pub stalled_seconds: u32,
    pub least_bytes_per_second: u32,
    pub strangers_per_address: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Data {
    pub dir: PathBuf,
    pub secret_key: Secret,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Database {
    pub url: Secret,
    pub pool_size: u32,
    pub queue_size: usize,
    pub deadline_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Messages {
    pub posts_per_second: u32,
    pub burst: u32,
    pub queue_size: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Socket {
    pub frame_max_bytes: usize,
    pub ping_seconds: u64,
    pub pong_seconds: u64,
    pub blocked_seconds: u32,
    pub farewell_seconds: u32,
    pub per_person: usize,
    pub total: usize,
    pub frames_per_second: u32,
    pub frame_burst: u32,
    pub controls_per_second: u32,
    pub control_burst: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

/// What becomes of the messages of somebody who deletes their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletedMessages {
    /// They stay, by a "deleted person".
    Keep,
    /// They are deleted too.
    Delete,
}

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Metrics {
    pub token: Secret,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For eyes.
    Human,
    /// For machines.
    Json,
}

/// The settings as the repository has them; a file of the same name in `config/` where the program runs comes instead.
const FILES: [(&str, &str); 4] = [
    ("default", include_str!("../config/default.toml")),
    ("development", include_str!("../config/development.toml")),
    ("test", include_str!("../config/test.toml")),
    ("production", include_str!("../config/production.toml")),
];

/// Variables that other programs honour too, and the settings they stand for.
const COMMON: [(&str, &str); 5] = [
    ("DATABASE_URL", "database.url"),
    ("HOST", "server.host"),
    ("PORT", "server.port"),
    ("PUBLIC_ORIGIN", "server.public_origin"),
    ("DATA_DIR", "data.dir"),
];

impl Settings {
    /// Reads files and environment.
    ///
    /// # Errors
    /// A sentence that names the setting and what is wrong with it.
    pub fn load() -> Result<Self, String> {
        let environment = Environment::from_variable()?;
        let mut builder = Config::builder();
        for name in ["default", environment.name()] {
            builder = builder.add_source(File::from_str(&file(name), FileFormat::Toml));
        }
        builder = builder.add_source(
            Variables::with_prefix("TEAHOUSE")
                .prefix_separator("__")
                // As they are: a number with `+` or a secret of digits is a text. What is needed as a number is read later.
                .separator("__"),
        );
        for (variable, key) in COMMON {
            let value = std::env::var(variable)
                .ok()
                .filter(|value| !value.is_empty());
            builder = builder
                .set_override_option(key, value)
                .map_err(|error| error.to_string())?;
        }
        let mut settings: Self = builder
            .build()
            .and_then(Config::try_deserialize)
            .map_err(|error| format!("the settings cannot be read: {error}"))?;
        settings.environment = environment;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        let origin = &self.server.public_origin;
        let is_production = self.environment == Environment::Production;
        if is_production && origin.is_empty() {
            return Err(
                "PUBLIC_ORIGIN is required in production, such as https://chat.example.org".into(),
            );
        }
        public_origin::check(origin)?;
        if is_production && self.data.secret_key.is_weak() {
            return Err(
                "data.secret_key needs at least 64 bytes that nobody can guess: `openssl rand -hex 64` makes some".into(),
            );
        }
        if self.verification.enabled {
            self.sms.check(is_production)?;
        }
        self.github.check()
    }
}

/// Words: a list, or one text with commas, as variables have it.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        List(Vec<String>),
    }
    let written = match Written::deserialize(deserializer)? {
        Written::Text(text) => text.split(',').map(str::to_owned).collect(),
        Written::List(list) => list,
    };
    let trimmed = written.iter().map(|word| word.trim().to_owned());
    Ok(trimmed.filter(|word| !word.is_empty()).collect())
}

/// A host to listen on. An IPv6 address may stand in brackets, as in a URL.
fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let host = String::deserialize(deserializer)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    Ok(bare.map_or_else(|| host.clone(), str::to_owned))
}

/// Addresses and networks.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let entries = words(deserializer)?;
    entries
        .iter()
        .map(|entry| {
            let network = entry.parse();
            network
                .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| D::Error::custom(format!("{entry} is no address and no network")))
        })
        .collect()
}

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("config/{name}.toml")).unwrap_or_else(|_| {
        let built_in = FILES.iter().find(|(built_in, _)| *built_in == name);
        built_in.map_or_else(String::new, |(_, text)| (*text).to_owned())
    })
}

impl Environment {
    fn from_variable() -> Result<Self, String> {
        match std::env::var("TEAHOUSE_ENV").as_deref() {
            Err(_) | Ok("" | "development") => Ok(Self::Development),
            Ok("test") => Ok(Self::Test),
            Ok("production") => Ok(Self::Production),
            Ok(_) => Err("TEAHOUSE_ENV must be development, test or production".into()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The settings as the repository has them.
    fn settings() -> Settings {
        let default = File::from_str(FILES[0].1, FileFormat::Toml);
        let built = Config::builder().add_source(default).build();
        built.and_then(Config::try_deserialize).expect("settings")
    }

    #[test]
    fn a_silent_socket_is_gone_within_15_seconds_by_default() {
        let socket = settings().socket;
        assert!(socket.ping_seconds + socket.pong_seconds < 15);
    }

    proptest! {
        #[test]
        fn a_public_origin_is_scheme_host_and_port_alone(
            origin in prop_oneof!["https?://[a-z0-9.:@/?#\\[\\]]{0,20}", any::<String>()],
        ) {
            let mut settings = settings();
            settings.server.public_origin.clone_from(&origin);
            if settings.check().is_ok() && !origin.is_empty() {
                let (scheme, rest) = origin.split_once("://").expect("a scheme");
                prop_assert!(["http", "https"].contains(&scheme));
                prop_assert!(!rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']), "{}", rest);
            }
        }

        #[test]
        fn a_secret_is_never_printed(key in "[!-~]{8,80}") {
            let mut settings = settings();
            settings.data.secret_key = Secret::of(&key);
            settings.database.url = Secret::of(&key);
            let printed = format!("{settings:?}");
            prop_assert!(!printed.contains(&key));
            // Elsewhere than in production a key may be as short as it likes.
            prop_assert!(settings.check().is_ok());
            settings.environment = Environment::Production;
            settings.server.public_origin = "https://chat.example".to_owned();
            prop_assert_eq!(settings.check().is_ok(), key.len() >= 64);
        }
    }
}
