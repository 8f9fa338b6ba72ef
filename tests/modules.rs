//! The preloaded scripts are the static imports of the entry module.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Resolves `.` and `..` without touching the file system.
fn normalized(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                assert!(clean.pop(), "{}", path.display());
            }
            part => clean.push(part),
        }
    }
    clean
}

/// The targets of a module's static imports: `import … from "./x.js"`, but not `import("./x.js")`.
fn static_imports(text: &str) -> Vec<&str> {
    let statement = |line: &&str| line.starts_with("import ") || line.starts_with("export * from");
    let mut targets = Vec::new();
    for line in text.lines().filter(statement) {
        let target = line.split('"').nth(1);
        targets.push(target.unwrap_or_else(|| panic!("an import over several lines: {line}")));
    }
    targets
}

#[test]
fn preloaded_modules_are_the_static_imports_of_the_entry_module() {
    let folder = Path::new(ROOT).join("static/js");
    let mut found = BTreeSet::new();
    let mut open = vec![PathBuf::from("application.js")];
    while let Some(module) = open.pop() {
        let text = fs::read_to_string(folder.join(&module)).expect("a module");
        let here = module.parent().unwrap_or(Path::new(""));
        for target in static_imports(&text) {
            let target = normalized(&here.join(target));
            if found.insert(target.clone()) {
                open.push(target);
            }
        }
    }
    let template = Path::new(ROOT).join("templates/shared/_modules.html");
    let template = fs::read_to_string(template).expect("the template");
    let (_, names) = template.split_once('[').expect("a list");
    let (names, _) = names.split_once(']').expect("its end");
    let listed: Vec<_> = names
        .split('"')
        .skip(1)
        .step_by(2)
        .map(|name| PathBuf::from(format!("{name}.js")))
        .collect();
    assert!(listed.is_sorted(), "not sorted by name");
    let preloaded: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(preloaded.len(), listed.len(), "a module is listed twice");
    assert!(found.len() > 40, "{found:?}");
    assert_eq!(preloaded, found);
}
