//! Queries of the history.

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
