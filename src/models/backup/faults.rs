//! The faults that a check finds.

/// Maximum number of faults that are listed; the others are counted.
const NAMED: usize = 100;

/// What is wrong with a backup.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) named: Vec<String>,
    pub(super) count: u64,
}

impl Faults {
    pub(super) fn add(&mut self, sentence: String) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(sentence);
        }
    }
}
