//! Settings files in the working directory.

use crate::support::Teahouse;
use std::fs;
use tempfile::TempDir;

#[test]
fn settings_that_a_default_file_lacks_keep_their_built_in_values() {
    let folder = TempDir::new().expect("a folder");
    let config = folder.path().join("config");
    fs::create_dir(&config).expect("a folder");
    fs::write(config.join("default.toml"), "[data]\ndir = \"elsewhere\"\n").expect("written");
    Teahouse::run(&["migrate"], &[], folder.path()).expect_success();
    assert!(folder.path().join("elsewhere/teahouse.db").is_file());
}
