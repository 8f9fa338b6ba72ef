//! Typed settings. `config/default.toml` describes each of them. Errors are sentences that name the setting.

mod github;
mod public_origin;
mod secret;
mod sections;
mod sms;
mod values;

pub use self::github::GithubSettings;
pub use self::secret::Secret;
pub use self::sections::*;
pub use self::sms::{SmsProvider, SmsSettings};

use config::{Config, Environment as Variables, File, FileFormat};
use serde::Deserialize;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Settings {
    #[serde(skip)]
    pub environment: Environment,
    pub server: ServerSettings,
    pub data: DataSettings,
    pub database: DatabaseSettings,
    pub accounts: AccountSettings,
    pub messages: MessageSettings,
    pub socket: SocketSettings,
    pub throttle: ThrottleSettings,
    pub verification: VerificationSettings,
    pub sms: SmsSettings,
    pub github: GithubSettings,
    pub log: LogSettings,
    pub metrics: MetricsSettings,
}

/// The environment the program runs in, from `TEAHOUSE_ENV`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    #[default]
    Development,
    /// The test suite.
    Test,
    /// A public server.
    Production,
}

/// The repository's settings files, compiled in. A file `config/<name>.toml` in the working directory is read instead, but
/// what `config/default.toml` lacks there keeps its built-in value.
const FILES: [(&str, &str); 4] = [
    ("default", include_str!("../../config/default.toml")),
    ("development", include_str!("../../config/development.toml")),
    ("test", include_str!("../../config/test.toml")),
    ("production", include_str!("../../config/production.toml")),
];

/// Conventional environment variables and the settings they override.
const CONVENTIONAL_VARIABLES: [(&str, &str); 5] = [
    ("DATABASE_URL", "database.url"),
    ("HOST", "server.host"),
    ("PORT", "server.port"),
    ("PUBLIC_ORIGIN", "server.public_origin"),
    ("DATA_DIR", "data.dir"),
];

impl Settings {
    /// Loads the settings from files and environment variables.
    ///
    /// # Errors
    /// A sentence naming the setting and what is wrong with it.
    pub fn load() -> Result<Self, String> {
        let environment = Environment::from_variable()?;
        let built_in = File::from_str(FILES[0].1, FileFormat::Toml);
        let mut builder = Config::builder().add_source(built_in);
        for name in ["default", environment.name()] {
            builder = builder.add_source(File::from_str(&file_or_built_in(name), FileFormat::Toml));
        }
        builder = builder.add_source(
            Variables::with_prefix("TEAHOUSE")
                .prefix_separator("__")
                // No `try_parsing`: a phone number or a secret made of digits must stay a string. Serde parses numbers.
                .separator("__"),
        );
        for (variable, key) in CONVENTIONAL_VARIABLES {
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
            .map_err(|error| format!("cannot read the settings: {error}"))?;
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
                "data.secret_key must be at least 64 unpredictable bytes: generate it with `openssl rand -hex 64`".into(),
            );
        }
        if self.verification.enabled {
            self.sms.check(is_production)?;
        }
        self.github.check()
    }
}

fn file_or_built_in(name: &str) -> String {
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

    fn settings() -> Settings {
        let default = File::from_str(FILES[0].1, FileFormat::Toml);
        let built = Config::builder().add_source(default).build();
        built.and_then(Config::try_deserialize).expect("settings")
    }

    #[test]
    fn default_ping_and_pong_timeouts_add_up_to_less_than_15_seconds() {
        let socket = settings().socket;
        assert!(socket.ping_seconds + socket.pong_seconds < 15);
    }

    proptest! {
        #[test]
        fn accepted_public_origin_has_only_scheme_host_and_port(
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
        fn secrets_are_never_printed(key in "[!-~]{8,80}") {
            let mut settings = settings();
            settings.data.secret_key = Secret::of(&key);
            settings.database.url = Secret::of(&key);
            let printed = format!("{settings:?}");
            prop_assert!(!printed.contains(&key));
            // Key length is only checked in production.
            prop_assert!(settings.check().is_ok());
            settings.environment = Environment::Production;
            settings.server.public_origin = "https://chat.example".to_owned();
            prop_assert_eq!(settings.check().is_ok(), key.len() >= 64);
        }
    }
}
