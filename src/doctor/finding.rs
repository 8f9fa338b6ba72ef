//! The result of a check.

use serde::Serialize;

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
    fn new(check: &'static str, state: State, what: String, fix: Option<String>) -> Self {
        Self {
            check,
            state,
            what: one_line(&what),
            fix: fix.map(|fix| one_line(&fix)),
        }
    }

    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, State::Ok, what.into(), None)
    }

    pub(super) fn warn(
        check: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, State::Warn, what.into(), Some(fix.into()))
    }

    pub(super) fn fail(
        check: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, State::Fail, what.into(), Some(fix.into()))
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

/// Returns the findings whose condition holds, or `ok` if there is none.
pub(super) fn problems_or(
    ok: Finding,
    problems: impl IntoIterator<Item = (bool, Finding)>,
) -> Vec<Finding> {
    let found = problems.into_iter().filter(|(is_found, _)| *is_found);
    let found: Vec<Finding> = found.map(|(_, finding)| finding).collect();
    match found.is_empty() {
        true => vec![ok],
        false => found,
    }
}

/// Joins lines: some libraries' messages have several.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
