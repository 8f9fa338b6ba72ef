//! What a check finds.

use serde::Serialize;

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// It works, but may not for long, or not as well as it could.
    Warn,
    /// It does not work, or what is acknowledged may be lost.
    Fail,
}

/// One thing that was looked at. Holds no secret.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    pub(super) state: State,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    /// As it should be.
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            what: one_line(&what.into()),
            mend: None,
        }
    }

    /// It works, but: and the line that makes it better.
    pub(super) fn warn(
        check: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Warn,
            mend: Some(one_line(&mend.into())),
            ..Self::ok(check, what)
        }
    }

    /// It is broken: and the line that mends it.
    pub(super) fn fail(
        check: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Fail,
            ..Self::warn(check, what, mend)
        }
    }

    /// `ok`, `warn` or `FAIL`, which thing, what; and in the next line what mends it.
    pub(super) fn lines(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        let mut lines = format!("{state:<5} {:<16} {}\n", self.check, self.what);
        if let Some(mend) = &self.mend {
            lines.push_str(&format!("{:23}→ {mend}\n", ""));
        }
        lines
    }
}

/// Whatever a library's message looks like.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
