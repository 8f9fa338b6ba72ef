//! The result of a check.

use serde::Serialize;

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    /// Works, but could fail later or work better.
    Warn,
    /// Does not work, or acknowledged messages could be lost.
    Fail,
}

/// The result of one check. Contains no secrets.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    pub(super) state: State,
    what: String,
    /// A command, setting or configuration line. The JSON key is documented and kept.
    #[serde(rename = "mend", skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            what: one_line(&what.into()),
            fix: None,
        }
    }

    pub(super) fn warn(
        check: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Warn,
            fix: Some(one_line(&fix.into())),
            ..Self::ok(check, what)
        }
    }

    pub(super) fn fail(
        check: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Fail,
            ..Self::warn(check, what, fix)
        }
    }

    /// Formats the finding as a line with state, check and description, and a second line with the fix.
    pub(super) fn lines(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        let mut lines = format!("{state:<5} {:<16} {}\n", self.check, self.what);
        if let Some(fix) = &self.fix {
            lines.push_str(&format!("{:23}→ {fix}\n", ""));
        }
        lines
    }
}

/// Joins lines: some libraries' messages have several.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
