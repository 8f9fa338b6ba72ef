//! Import rules of the source tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A part of the crate and the parts that it may import.
const MAY_IMPORT: [(&str, &[&str]); 14] = [
    (
        "main",
        &[
            "app", "commands", "config", "doctor", "routes", "error", "models",
        ],
    ),
    ("commands", &["models", "error"]),
    (
        "doctor",
        &[
            "app",
            "commands",
            "config",
            "controllers",
            "models",
            "services",
            "error",
        ],
    ),
    (
        "app",
        &[
            "config",
            "routes",
            "controllers",
            "views",
            "models",
            "protocol",
            "realtime",
            "jobs",
            "services",
            "error",
        ],
    ),
    ("services", &["models", "error"]),
    ("config", &["models", "error"]),
    ("routes", &["controllers", "error"]),
    (
        "controllers",
        &[
            "views", "models", "protocol", "realtime", "jobs", "services", "error",
        ],
    ),
    ("views", &["models", "protocol", "error"]),
    ("jobs", &["models", "protocol", "realtime", "error"]),
    ("models", &["protocol", "services", "error"]),
    ("realtime", &["protocol", "error"]),
    ("protocol", &[]),
    ("error", &[]),
];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let files = entries.flat_map(|path| {
        if path.is_dir() {
            source_files(&path)
        } else {
            vec![path]
        }
    });
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// Returns each source file without comments, by its path below `src`.
fn sources_by_path() -> BTreeMap<String, String> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let code = |path: &Path| {
        let text = fs::read_to_string(path).expect("text");
        text.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    let name = |path: &Path| {
        path.strip_prefix(root)
            .expect("below src")
            .display()
            .to_string()
    };
    source_files(root)
        .iter()
        .map(|path| (name(path), code(path)))
        .collect()
}

fn part(file: &str) -> &str {
    file.split('/')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".rs")
}

fn leading_identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// Returns the names that follow `crate::` or, in `main.rs`, `teahouse::`; also those in braces.
fn imported(code: &str, root: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(root) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + root.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(leading_identifier(rest));
            continue;
        };
        // In `{a::b, c::{d, e}}` only the first segments at the outer level count.
        let mut depth = 0;
        let mut first = true;
        for (at, c) in group.char_indices() {
            if first && !c.is_whitespace() {
                names.insert(leading_identifier(&group[at..]));
                first = false;
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => first = true,
                _ => {}
            }
        }
    }
    names.remove("");
    names
}

#[test]
fn each_part_imports_only_allowed_parts() {
    let allowed: BTreeMap<_, _> = MAY_IMPORT.into_iter().collect();
    let mut wrong = Vec::new();
    for (file, code) in sources_by_path() {
        let part = part(&file);
        if part == "lib" {
            continue;
        }
        let Some(allowed) = allowed.get(part) else {
            wrong.push(format!("{file} belongs to no part that this test knows"));
            continue;
        };
        let root = if part == "main" {
            "teahouse::"
        } else {
            "crate::"
        };
        if code.contains("teahouse_transport") && !matches!(part, "app" | "controllers") {
            wrong.push(format!("{file} imports teahouse_transport"));
        }
        for name in imported(&code, root) {
            let is_store = file == "models/message_store.rs" && name == "realtime";
            if name != part && !allowed.contains(&name.as_str()) && !is_store {
                wrong.push(format!("{file} imports {name}"));
            }
        }
        // `super::super` could leave a part unnoticed.
        let depth = file.matches('/').count();
        if code.contains(&"super::".repeat(depth + 1)) && !code.contains("mod tests") {
            wrong.push(format!("{file} climbs out with super::"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_outer_parts_use_http_and_only_startup_reads_settings() {
    let mut wrong = Vec::new();
    for (file, code) in sources_by_path() {
        let part = part(&file);
        let inner = matches!(
            part,
            "models"
                | "views"
                | "realtime"
                | "protocol"
                | "services"
                | "error"
                | "jobs"
                | "commands"
        );
        // `Database::run` uses actix-web's blocking pool.
        let leak = code.matches("actix_web::web::block").count()
            + code.matches("actix_web::rt").count()
            + code.matches("actix_rt::").count();
        if inner
            && code.matches("actix").count()
                > if file == "models/database.rs" {
                    leak
                } else {
                    0
                }
        {
            wrong.push(format!("{file} names actix"));
        }
        if !matches!(part, "main" | "app" | "config" | "doctor" | "lib")
            && (code.contains("config::") && code.contains("Settings") || code.contains("env::var"))
        {
            wrong.push(format!("{file} reads settings"));
        }
        if part != "models" && part != "error" && code.contains("diesel::") {
            wrong.push(format!("{file} names diesel"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn errors_become_statuses_in_one_place() {
    for (file, code) in sources_by_path() {
        if part(&file) == "error" {
            assert!(!code.contains("StatusCode"), "{file}");
        }
        if code.contains("impl ResponseError for") {
            assert_eq!(file, "controllers/errors.rs");
        }
    }
}
