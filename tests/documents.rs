//! The documents are right about the source: the reading path is short, and what they name exists.

use crate::support::words;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const READING_PATH_FILES: usize = 8;
const READING_PATH_LINES: usize = 2_000;
/// Folders whose files documents name.
const FOLDERS: &str = ".cargo .ci benches bin config crates deploy docs fuzz locales migrations src static \
    templates tests";
const EXTENSIONS: [&str; 7] = ["css", "ftl", "html", "js", "rs", "sql", "toml"];

/// `README.md` and `docs/*.md` by path, without code blocks.
fn documents() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir(Path::new(ROOT).join("docs")).expect("a folder");
    let docs = docs.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = docs
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.push(Path::new(ROOT).join("README.md"));
    paths.sort();
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("text");
        let prose = text.split("```").step_by(2).collect::<Vec<_>>().concat();
        (path, prose)
    };
    paths.into_iter().map(text).collect()
}

/// What stands in single backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Every file of the repository's folders, by its path from the root.
fn files() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<PathBuf> = words(FOLDERS)
        .iter()
        .map(|folder| Path::new(ROOT).join(folder))
        .collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        }
        let name = path.strip_prefix(ROOT).expect("below the root");
        found.insert(name.display().to_string());
    }
    found
}

#[test]
fn reading_path_is_eight_files_of_two_thousand_lines_at_most() {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/architecture.md")).expect("text");
    let (_, section) = text.split_once("## Reading path").expect("a section");
    let section = section.split("\n## ").next().expect("text");
    let items = section
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    let paths: Vec<&str> = items.filter_map(|item| code_spans(item).next()).collect();
    assert_eq!(paths.len(), READING_PATH_FILES, "{paths:?}");
    let lines = |path: &&str| {
        let file = fs::read_to_string(Path::new(ROOT).join(path));
        file.unwrap_or_else(|error| panic!("{path}: {error}"))
            .lines()
            .count()
    };
    let counts: Vec<usize> = paths.iter().map(lines).collect();
    let sum: usize = counts.iter().sum();
    assert!(sum <= READING_PATH_LINES, "{sum}: {paths:?} {counts:?}");
}

#[test]
fn files_that_documents_name_exist() {
    let files = files();
    let mut missing = Vec::new();
    for (document, text) in documents() {
        for span in code_spans(&text) {
            let span = span.trim_end_matches('/');
            let is_name = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
            if !span.chars().all(is_name) {
                continue;
            }
            let is_path = words(FOLDERS)
                .iter()
                .any(|folder| span.starts_with(&format!("{folder}/")));
            let is_file = Path::new(span)
                .extension()
                .is_some_and(|found| EXTENSIONS.iter().any(|extension| found == *extension));
            let exists = match is_path {
                true => files.contains(span),
                false => files
                    .iter()
                    .any(|file| file.ends_with(&format!("/{span}")) || file == span),
            };
            let is_root_file = Path::new(ROOT).join(span).exists();
            if (is_path || is_file) && !exists && !is_root_file {
                missing.push(format!("{}: {span}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The anchor that a heading gets on GitHub.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for (document, text) in documents() {
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.starts_with("http") {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().expect("a folder").join(path),
            };
            let headings =
                fs::read(&target).map(|text| String::from_utf8_lossy(&text).into_owned());
            let leads = headings.is_ok_and(|text| {
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                fragment.is_empty() || headings.any(|heading| anchor(heading) == fragment)
            });
            if !leads {
                wrong.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
