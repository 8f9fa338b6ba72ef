//! Values of rows, in a form that does not depend on the database.

use chrono::NaiveDateTime;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::row::{Field, NamedRow, Row};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::error::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    /// Text, time or hexadecimal digits.
    Text(String),
}

impl Cell {
    /// A value that the database returned as text.
    pub(super) fn from_database(kind: Kind, value: Option<String>) -> Result<Self> {
        let Some(mut value) = value else {
            return Ok(Self::Null);
        };
        match kind {
            Kind::Integer => value.parse().map(Self::Integer).map_err(|_| {
                Error::Unavailable(format!(
                    "{value:?} is not an integer, as its column requires"
                ))
            }),
            Kind::Time => {
                // SQLite compares times as text, so the spelling must be the one that Diesel writes.
                if let Some(whole) = value.strip_suffix(".000") {
                    value.truncate(whole.len());
                }
                Ok(Self::Text(value))
            }
            Kind::Text | Kind::Binary => Ok(Self::Text(value)),
        }
    }

    /// The value as a statement's parameter.
    pub(super) fn to_parameter(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Integer(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Null | Self::Text(_) => None,
        }
    }

    /// Size in a statement, in bytes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Null | Self::Integer(_) => 8,
        }
    }

    /// Whether a column of this kind can hold the value. Null matches every kind.
    pub(super) fn matches_kind(&self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Null, _) | (Self::Integer(_), Kind::Integer) | (Self::Text(_), Kind::Text) => {
                true
            }
            (Self::Text(text), Kind::Binary) => {
                text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            (Self::Text(text), Kind::Time) => {
                NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").is_ok()
            }
            (Self::Integer(_), _) | (Self::Text(_), Kind::Integer) => false,
        }
    }
}

/// A row whose columns are known only at run time, all of them text.
pub(super) struct Values(pub(super) Vec<Option<String>>);

impl<DB: Backend> QueryableByName<DB> for Values
where
    String: FromSql<Text, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let mut values = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = Row::get(row, index).ok_or("a column is missing")?;
            let value = field.value();
            values.push(value.map(String::from_sql).transpose()?);
        }
        Ok(Self(values))
    }
}
