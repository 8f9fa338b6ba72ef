//! The servers that are measured.

use clap::ValueEnum;

/// The server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// A minimal broadcaster
    Raw,
    /// Another broadcaster
    #[value(hide = true)]
    Other,
    /// The web framework alone
    Bare,
    /// Teahouse on SQLite
    Sqlite,
    /// Teahouse on the server of --database-url
    Mysql,
    /// The Teahouse at --url
    #[value(hide = true)]
    Url,
}

/// One of two builds that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    Before,
    After,
}

impl Target {
    /// Targets that deliver messages.
    pub(crate) const DELIVERING: [Self; 5] =
        [Self::Raw, Self::Other, Self::Sqlite, Self::Mysql, Self::Url];
    /// Targets that are Teahouse.
    pub(crate) const TEAHOUSE: [Self; 3] = [Self::Sqlite, Self::Mysql, Self::Url];

    /// Whether it is a broadcaster.
    pub(crate) fn is_broadcaster(self) -> bool {
        matches!(self, Self::Raw | Self::Other)
    }

    /// Whether it is Teahouse.
    pub(crate) fn is_teahouse(self) -> bool {
        Self::TEAHOUSE.contains(&self)
    }

    /// Name in tables and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Other => "other",
            Self::Bare => "bare",
            Self::Sqlite => "sqlite",
            Self::Mysql => "mysql",
            Self::Url => "url",
        }
    }
}

impl Build {
    /// Name in tables and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}
