//! Modules that run on one database only (tests/main.rs) do not depend on which one it is.

use std::fs;
use std::path::Path;

/// What a test names that tells the databases apart.
const TELLING: [&str; 4] = ["is_mysql", "MariaDb", "mysql_url", "Proxy::"];

fn modules(part: &str) -> Vec<&str> {
    part.lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .collect()
}

#[test]
fn modules_that_run_once_do_not_tell_databases_apart() {
    let main = include_str!("main.rs");
    let (each, once) = main.split_once("\n// Once").expect("both groups");
    let (each, once) = (modules(each), modules(once));
    assert!(each.contains(&"database_url") && once.contains(&"browser"));
    for name in &once {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{name}.rs"));
        let source = fs::read_to_string(path).expect("a module's source");
        let found = TELLING.iter().find(|word| source.contains(**word));
        let is_this = *name == module_path!().rsplit("::").next().expect("a name");
        assert!(
            is_this || found.is_none(),
            "{name} names {found:?}: it belongs to each database"
        );
        // bin/test passes the names as parts of the tests' paths.
        let hidden = each.iter().find(|other| other.ends_with(name));
        assert!(hidden.is_none(), "{hidden:?} would not run either");
    }
}
