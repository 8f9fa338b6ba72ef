//! Each text exists in each language, and each text that is used exists.

use crate::support::files_below;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The server, and the crate that has texts of its own.
const PACKAGES: [&str; 2] = [".", "crates/teahouse-client"];

fn texts(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let read = |path: PathBuf| (path.clone(), fs::read_to_string(path).expect("text"));
    let files = files_below(&Path::new(ROOT).join(folder)).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    files.map(read).collect()
}

fn texts_of_packages(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    PACKAGES
        .iter()
        .flat_map(|package| texts(&format!("{package}/{folder}"), extension))
        .collect()
}

fn leading_identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
        .collect()
}

/// Returns the ids of a language with their variables: `{ $count }`, and `{$count}` of the scripts, are equal.
fn messages_of(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for (path, text) in texts_of_packages(&format!("locales/{language}"), "ftl") {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let id = leading_identifier(line);
            if !id.is_empty() && line[id.len()..].trim_start().starts_with('=') {
                assert!(!all.contains_key(&id), "{} has {id} twice", path.display());
                current = id;
                all.insert(current.clone(), BTreeSet::new());
            }
            let variables = line.split('$').skip(1).map(leading_identifier);
            all.entry(current.clone()).or_default().extend(variables);
        }
    }
    all.remove("");
    all
}

#[test]
fn languages_have_the_same_messages_with_the_same_variables() {
    let (english, chinese) = (messages_of("en-US"), messages_of("zh-CN"));
    assert!(english.len() > 50);
    let found = english.keys().collect::<Vec<_>>();
    assert_eq!(found, chinese.keys().collect::<Vec<_>>());
    for (id, variables) in &english {
        assert_eq!(variables, &chinese[id], "{id}");
    }
}

#[test]
fn chinese_messages_are_in_chinese() {
    let han = |text: &str| text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c));
    for (path, text) in texts_of_packages("locales/zh-CN", "ftl") {
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && line.contains(" = "))
        {
            let (id, sentence) = line.split_once(" = ").expect("a sentence");
            let words: String = sentence
                .split('{')
                .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
                .collect();
            let speaks = words.chars().any(char::is_lowercase) && id != "app-name";
            assert!(!speaks || han(&words), "{}: {line}", path.display());
        }
    }
}

#[test]
fn each_message_of_a_template_exists_with_its_variables() {
    let known = messages_of("en-US");
    let mut used = 0;
    for (path, text) in texts("templates", "html") {
        for call in text.split("t(key=\"").skip(1) {
            used += 1;
            let id = leading_identifier(call);
            let variables = known
                .get(&id)
                .unwrap_or_else(|| panic!("{} uses {id}", path.display()));
            let arguments = call.split_once("}}").map_or(call, |(call, _)| call);
            for variable in variables {
                let is_shown = arguments.contains(&format!("{variable}="));
                assert!(is_shown, "{}: {id} needs {variable}", path.display());
            }
        }
    }
    assert!(used > 20);
}

#[test]
fn each_message_of_the_code_and_its_scripts_exists() {
    let known = messages_of("en-US");
    let mut used = BTreeSet::new();
    let program = texts_of_packages("src", "rs");
    for (path, text) in program.into_iter().chain(texts("static", "js")) {
        for quote in ['"', '\'', '`'] {
            for literal in text.split(quote) {
                let sentence = ["error-", "js-", "chat-"]
                    .iter()
                    .any(|prefix| literal.starts_with(prefix));
                if !sentence || leading_identifier(literal) != literal || literal.ends_with('-') {
                    continue;
                }
                let plural = known.contains_key(&format!("{literal}-one"))
                    && known.contains_key(&format!("{literal}-other"));
                let is_expected = known.contains_key(literal) || plural;
                assert!(is_expected, "{} uses {literal}", path.display());
                used.insert(literal.to_owned());
            }
        }
    }
    for prefix in ["error-", "js-", "chat-"] {
        assert!(used.iter().any(|id| id.starts_with(prefix)), "{prefix}");
    }
}
