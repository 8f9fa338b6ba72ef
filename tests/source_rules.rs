//! How the source is put together: no import cycles, one public type of a name, files of a readable length.
//!
//! The lists of exceptions may only shrink: an entry that is no longer needed fails the test as well.

use crate::support::files_below;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Modules that still import each other in a cycle.
const CYCLES: &[&str] = &[];

/// Names that several public types of the crate still share.
const SHARED_NAMES: &[&str] = &["src: Message", "src: Room", "src: User"];

/// Files that are still too long.
const LONG_FILES: &[&str] = &[];

/// Text of each Rust file below a folder of the repository, by its path from there.
pub fn texts(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(ROOT).join(folder);
    let text = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("below the folder");
        let text = fs::read_to_string(&path).expect("text");
        (name.display().to_string(), text)
    };
    let files = files_below(&root).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.map(text).collect()
}

/// The source folders of the workspace's crates.
fn crates() -> Vec<String> {
    let members = fs::read_dir(Path::new(ROOT).join("crates")).expect("a folder");
    let name = |entry: fs::DirEntry| format!("crates/{}/src", entry.file_name().display());
    let members = members.map(|entry| name(entry.expect("an entry")));
    std::iter::once("src".to_owned()).chain(members).collect()
}

/// Code without comments and unit tests.
fn code(text: &str) -> String {
    let program = text.split("#[cfg(test)]\nmod").next().unwrap_or(text);
    let lines = program
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

pub type Module = Vec<String>;

pub fn module(file: &str) -> Module {
    let mut path: Module = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if matches!(
        path.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        path.pop();
    }
    path
}

/// The paths of a `use` tree, such as `a::{b, c::d}`.
fn leaves(tree: &str, prefix: &[String], found: &mut Vec<Module>) {
    let segments = |path: &str| {
        let path = path.split(" as ").next().unwrap_or(path);
        let parts = path.split("::");
        let names = parts.map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let Some((head, group)) = tree.split_once('{') else {
        found.push([prefix, &segments(tree)].concat());
        return;
    };
    let prefix = [prefix, &segments(head)].concat();
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[start..at].trim();
                if !part.is_empty() {
                    leaves(part, &prefix, found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The absolute path of what `path` means in `here`; `None` for another crate.
fn absolute(path: &[String], here: &[String]) -> Option<Module> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([here, &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|name| *name == "super").count();
            Some([&here[..here.len().saturating_sub(ups)], &path[ups..]].concat())
        }
        _ => None,
    }
}

/// The modules of its crate that code in module `here` imports.
pub fn imported(here: &[String], code: &str, modules: &BTreeSet<Module>) -> BTreeSet<Module> {
    let mut paths = Vec::new();
    for statement in code.split(';') {
        if let Some((_, tree)) = statement.split_once("use ") {
            leaves(tree, &[], &mut paths);
        }
    }
    for (at, _) in code.match_indices("crate::") {
        let end = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
        let path = code[at..].split(end).next().unwrap_or_default();
        leaves(path, &[], &mut paths);
    }
    let target = |path: &Module| {
        let path = absolute(path, here)?;
        let mut prefixes = (1..=path.len()).rev().map(|n| path[..n].to_vec());
        prefixes.find(|path| modules.contains(path))
    };
    paths.iter().filter_map(target).collect()
}

/// The modules that each module of a crate imports. A module and those inside it count as one where they meet directly.
fn imports(texts: &BTreeMap<String, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let modules: BTreeSet<Module> = texts.keys().map(|file| module(file)).collect();
    let mut all = BTreeMap::new();
    for (file, text) in texts {
        let here = module(file);
        let mut others = imported(&here, &code(text), &modules);
        others.retain(|other| !other.starts_with(&here) && !here.starts_with(other));
        all.insert(here, others);
    }
    all
}

fn reachable(imports: &BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut next = vec![from.clone()];
    while let Some(module) = next.pop() {
        for other in imports.get(&module).into_iter().flatten() {
            if found.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    found
}

fn differs(found: &BTreeSet<String>, allowed: &[&str]) -> Vec<String> {
    let allowed: BTreeSet<String> = allowed.iter().map(|&name| name.to_owned()).collect();
    let new = found
        .difference(&allowed)
        .map(|name| format!("new: {name}"));
    let gone = allowed
        .difference(found)
        .map(|name| format!("no longer needed: {name}"));
    new.chain(gone).collect()
}

#[test]
fn modules_have_no_import_cycles() {
    let mut found = BTreeSet::new();
    for folder in crates() {
        let imports = imports(&texts(&folder));
        for module in imports.keys() {
            if reachable(&imports, module).contains(module) {
                found.insert(format!("{folder}: {}", module.join("::")));
            }
        }
    }
    let wrong = differs(&found, CYCLES);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn public_types_of_a_crate_have_different_names() {
    let mut found = BTreeSet::new();
    for folder in crates() {
        let mut names = BTreeMap::<String, usize>::new();
        for text in texts(&folder).values() {
            for line in code(text).lines() {
                let declared = ["pub struct ", "pub enum ", "pub trait ", "pub type "]
                    .iter()
                    .find_map(|keyword| line.strip_prefix(keyword));
                let end = |c: char| !(c.is_alphanumeric() || c == '_');
                if let Some(name) = declared.and_then(|rest| rest.split(end).next()) {
                    *names.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
        let shared = names.into_iter().filter(|(_, count)| *count > 1);
        found.extend(shared.map(|(name, _)| format!("{folder}: {name}")));
    }
    let wrong = differs(&found, SHARED_NAMES);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_have_at_most_300_lines_and_tests_400() {
    let mut found = BTreeSet::new();
    for folder in crates().iter().map(String::as_str).chain(["tests"]) {
        for (file, text) in texts(folder) {
            let most = if folder == "tests" || file.contains("tests") {
                400
            } else {
                300
            };
            if text.lines().count() > most {
                found.insert(format!("{folder}/{file}"));
            }
        }
    }
    let wrong = differs(&found, LONG_FILES);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
