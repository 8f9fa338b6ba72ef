//! Reports of `teahouse doctor`.

use super::Teahouse;
use serde_json::Value;

pub struct DoctorReport {
    pub findings: Vec<Value>,
    pub is_healthy: bool,
}

impl DoctorReport {
    /// Runs the doctor with these settings.
    pub fn of(settings: &[(&str, &str)], folder: &std::path::Path) -> Self {
        let outcome = Teahouse::run(&["doctor", "--json"], settings, folder);
        let findings = serde_json::from_str(&outcome.stdout);
        let findings: Vec<Value> = findings.unwrap_or_else(|_| panic!("{outcome:?}"));
        let is_healthy = outcome.status.success();
        let faults = findings.iter().any(|finding| finding["state"] == "fail");
        let found = outcome.status.code();
        assert_eq!(found, Some(i32::from(faults)), "{outcome:?}");
        let all_match = findings
            .iter()
            .all(|finding| (finding["state"] == "ok") == finding["mend"].is_null());
        assert!(all_match);
        Self {
            findings,
            is_healthy,
        }
    }

    /// Returns the only finding of this check, or the first that is not ok.
    pub fn finding(&self, check: &str) -> &Value {
        let mut of_it: Vec<_> = self
            .findings
            .iter()
            .filter(|finding| finding["check"] == check)
            .collect();
        of_it.sort_by_key(|finding| finding["state"] == "ok");
        of_it
            .first()
            .unwrap_or_else(|| panic!("no finding of {check}: {:#?}", self.findings))
    }

    /// Asserts a check's state and that its fix contains this text.
    pub fn expect(&self, check: &str, state: &str, mend: &str) {
        let finding = self.finding(check);
        assert_eq!(finding["state"], state, "{finding}");
        let said = finding["mend"].as_str().unwrap_or_default();
        assert!(said.contains(mend), "{finding}");
    }

    pub fn expect_ok(&self, checks: &[&str]) {
        for check in checks {
            self.expect(check, "ok", "");
        }
    }
}
