//! Modules that run on one database only (tests/main.rs) do not distinguish databases.

use std::fs;
use std::path::Path;

/// Words by which a test distinguishes databases.
const DATABASE_WORDS: [&str; 6] = [
    "is_mysql",
    "MariaDb",
    "mysql_url",
    "required_mysql",
    "requires_sqlite",
    "Proxy::",
];

fn modules(part: &str) -> Vec<&str> {
    part.lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .collect()
}

#[test]
fn modules_that_run_once_do_not_distinguish_databases() {
    let main = include_str!("main.rs");
    let (each, once) = main.split_once("\n// Once").expect("both groups");
    let (each, once) = (modules(each), modules(once));
    assert!(each.contains(&"database_url") && once.contains(&"browser"));
    for name in &once {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{name}.rs"));
        let source = fs::read_to_string(path).expect("a module's source");
        let found = DATABASE_WORDS.iter().find(|word| source.contains(**word));
        let is_this = *name == module_path!().rsplit("::").next().expect("a name");
        let is_allowed = is_this || found.is_none();
        assert!(
            is_allowed,
            "must run on each database: {name} has {found:?}"
        );
        // bin/test filters by these names, which match any part of a test's path.
        let hidden = each.iter().find(|other| other.ends_with(name));
        assert!(hidden.is_none(), "{hidden:?} would be skipped as well");
    }
}
