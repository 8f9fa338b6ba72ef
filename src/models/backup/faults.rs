//! A bounded list of what a check found.

use std::fmt;

/// Maximum number of listed sentences; further ones are only counted.
const MAX_LISTED: usize = 100;

/// Faults of a backup, a sentence each.
#[derive(Debug, Default)]
pub struct Faults {
    /// The first hundred.
    pub listed: Vec<String>,
    /// Number of all.
    pub count: u64,
}

/// Their number: `1 fault`, `2 faults`.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} fault{plural}", self.count)
    }
}

impl Faults {
    pub(super) fn add(&mut self, sentence: String) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(sentence);
        }
    }
}
