//! Query of a room's history: range and page size.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::models::message::Cursor;

/// Messages per page by default.
pub const PAGE: i64 = 50;
/// Largest accepted `limit`; larger ones are reduced to it.
const PAGE_MAX: i64 = 100;
/// Selects a range of the history. Unknown parameters are an error: a misspelled one would select another range.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    before: Option<i64>,
    after: Option<i64>,
    limit: Option<i64>,
}

impl HistoryQuery {
    pub(super) fn parse(&self) -> Result<(Cursor, i64)> {
        let cursor = cursor(self.before, self.after)?;
        match self.limit.unwrap_or(PAGE) {
            limit @ 1..=PAGE_MAX => Ok((cursor, limit)),
            limit if limit > PAGE_MAX => Ok((cursor, PAGE_MAX)),
            _ => Err(Error::BadRequest("error-limit".into())),
        }
    }
}

/// Converts `before` and `after`, both exclusive, into a cursor.
///
/// # Errors
/// `BadRequest` for a number below 0.
pub(in crate::controllers) fn cursor(before: Option<i64>, after: Option<i64>) -> Result<Cursor> {
    if [before, after].into_iter().flatten().any(|seq| seq < 0) {
        return Err(Error::BadRequest("error-cursor".into()));
    }
    Ok(match (before, after) {
        (Some(before), Some(after)) => Cursor::Between(after, before),
        (Some(seq), None) => Cursor::Before(seq),
        (None, Some(seq)) => Cursor::After(seq),
        (None, None) => Cursor::Newest,
    })
}

#[cfg(test)]
mod tests {
    use actix_web::web::Query;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn history_query_gives_a_valid_range_or_an_error(
            before in any::<Option<i64>>(),
            after in any::<Option<i64>>(),
            limit in prop_oneof![any::<Option<i64>>(), (-2_i64..200).prop_map(Some)],
        ) {
            match (HistoryQuery { before, after, limit }).parse() {
                Ok((_, count)) => {
                    prop_assert!(before.is_none_or(|seq| seq >= 0) && after.is_none_or(|seq| seq >= 0));
                    prop_assert_eq!(count, limit.unwrap_or(PAGE).min(PAGE_MAX));
                    prop_assert!((1..=PAGE_MAX).contains(&count));
                }
                Err(_) => {
                    let is_negative = [before, after].into_iter().flatten().any(|seq| seq < 0);
                    prop_assert!(is_negative || limit.is_some_and(|limit| limit < 1));
                }
            }
        }

        #[test]
        fn history_query_parses_any_string_without_panic(query in prop_oneof![any::<String>(), "(before|after|limit|=|&|-|[0-9]|%){0,12}"]) {
            let _ = Query::<HistoryQuery>::from_query(&query).map(|range| range.parse().is_ok());
        }
    }
}
