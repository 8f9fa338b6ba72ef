//! A bounded list of what a check found.

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

impl Faults {
    pub(super) fn add(&mut self, sentence: String) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(sentence);
        }
    }
}
