//! Import rules of the source tree.

use crate::source_rules::{imported, module, texts};
use crate::support::words;
use std::collections::BTreeMap;

/// A part of the crate and the parts that it may import.
const MAY_IMPORT: [(&str, &str); 14] = [
    ("main", "app commands config doctor routes error models"),
    ("commands", "models error"),
    (
        "doctor",
        "app commands config controllers models services error",
    ),
    (
        "app",
        "config routes controllers views models protocol realtime jobs services error",
    ),
    ("services", "models error"),
    ("config", "models"),
    ("routes", "controllers error"),
    (
        "controllers",
        "views models protocol realtime services error",
    ),
    ("views", "models protocol error"),
    ("jobs", "models protocol realtime error"),
    ("models", "protocol error"),
    ("realtime", "protocol error"),
    ("protocol", ""),
    ("error", ""),
];

/// Returns each source file without comments, by its path below `src`.
fn sources_by_path() -> BTreeMap<String, String> {
    let code = |text: String| {
        let lines = text.lines();
        let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
        lines.map(|line| format!("{line}\n")).collect()
    };
    let texts = texts("src").into_iter();
    texts.map(|(file, text)| (file, code(text))).collect()
}

fn part(file: &str) -> &str {
    file.split('/')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".rs")
}

#[test]
fn each_part_imports_only_allowed_parts() {
    let allowed: BTreeMap<_, _> = MAY_IMPORT.into_iter().collect();
    let mut wrong = Vec::new();
    let sources = sources_by_path();
    let modules = sources.keys().map(|file| module(file)).collect();
    for (file, code) in &sources {
        let part = part(file);
        if part == "lib" {
            continue;
        }
        let Some(allowed) = allowed.get(part) else {
            wrong.push(format!("{file} belongs to no part that this test knows"));
            continue;
        };
        if code.contains("teahouse_transport") && !matches!(part, "app" | "controllers") {
            wrong.push(format!("{file} imports teahouse_transport"));
        }
        // For `main.rs`, the library is another crate.
        let code = code.replace("teahouse::", "crate::");
        for module in imported(&module(file), &code, &modules) {
            let name = module[0].as_str();
            let is_store = file == "models/message_store.rs" && name == "realtime";
            if name != part && !words(allowed).contains(&name) && !is_store {
                wrong.push(format!("{file} imports {name}"));
            }
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
        if inner && code.contains("actix") {
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
