//! Parses a migration's SQL: its statements, their effects, and the errors that show that one was already executed.

use std::collections::BTreeSet;

/// A statement's effect, as far as resuming depends on it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Creates the table of this name.
    Table(String),
    View,
    Alter,
    Rows,
    Drop,
    /// Anything else, which must be idempotent.
    Other,
}

/// Splits a script into statements and removes comments.
pub(super) fn statements(sql: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let current = statements.len() - 1;
        let length = match c {
            '\'' | '"' | '`' => {
                let length = quoted_length(rest, c);
                statements[current].push_str(&rest[..length]);
                length
            }
            '#' => comment_length(rest, "\n"),
            '-' if rest.starts_with("--") => comment_length(rest, "\n"),
            '/' if rest.starts_with("/*") => comment_length(rest, "*/"),
            ';' => {
                statements.push(String::new());
                1
            }
            c => {
                statements[current].push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    let trimmed = statements.iter().map(|statement| statement.trim());
    trimmed
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns the length in bytes of the quoted text at the start. A doubled quote counts as the start of another quoted text.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            c if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length in bytes of the comment at the start.
fn comment_length(text: &str, end: &str) -> usize {
    text.find(end).map_or(text.len(), |index| index + end.len())
}

pub(super) fn effect(statement: &str) -> Effect {
    let words: Vec<&str> = statement.split_whitespace().take(8).collect();
    let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    match upper.as_slice() {
        ["CREATE", "TABLE", "IF", "NOT", "EXISTS", ..] => Effect::Other,
        ["CREATE", "TABLE", ..] => {
            let name = words.get(2).copied().unwrap_or_default();
            let name = name.split('(').next().unwrap_or_default();
            Effect::Table(name.trim_matches('`').to_owned())
        }
        ["CREATE", "OR", ..] => Effect::Other,
        ["CREATE", "VIEW", ..] => Effect::View,
        ["CREATE", "INDEX", ..]
        | ["CREATE", "UNIQUE" | "FULLTEXT" | "SPATIAL", "INDEX", ..]
        | ["ALTER", "TABLE", ..] => Effect::Alter,
        ["INSERT", ..] if statement.to_uppercase().contains("VALUES") => Effect::Rows,
        ["DROP", ..] => Effect::Drop,
        _ => Effect::Other,
    }
}

/// Returns whether a statement's error shows that it was already executed. Both servers execute a DDL statement completely
/// or not at all, so one existing part proves all of it. The texts are those of `lc_messages = en_US`, which the connection
/// sets, because Diesel does not expose error numbers (1050, 1060, 1061, 1062, 1091, 1051, 4092, 1826, 3822).
pub(super) fn is_already_done(statement: &str, error: &str) -> bool {
    let texts: &[&str] = match effect(statement) {
        Effect::Table(_) | Effect::View => &["already exists"],
        Effect::Alter => &[
            "Duplicate column name",
            "Duplicate key name",
            "Duplicate foreign key constraint name",
            "Duplicate check constraint name",
            "Duplicate CHECK constraint name",
            "Can't DROP",
        ],
        Effect::Rows => &["Duplicate entry"],
        Effect::Drop => &["Unknown table", "Unknown VIEW", "Can't DROP"],
        Effect::Other => &[],
    };
    texts.iter().any(|text| error.contains(text))
}

/// Returns the column names of a `CREATE TABLE` statement: the first word of each part between the outer parentheses,
/// except for keys and constraints.
pub(super) fn columns(statement: &str) -> BTreeSet<String> {
    let body = statement.split_once('(').map_or("", |(_, body)| body);
    let mut columns = BTreeSet::new();
    let (mut depth, mut part) = (0_usize, String::new());
    for c in body.chars() {
        match c {
            ')' if depth == 0 => break,
            ',' if depth == 0 => {
                columns.extend(column(&part));
                part.clear();
                continue;
            }
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        part.push(c);
    }
    columns.extend(column(&part));
    columns
}

fn column(part: &str) -> Option<String> {
    const KEYS_AND_CONSTRAINTS: [&str; 9] = [
        "INDEX",
        "KEY",
        "UNIQUE",
        "PRIMARY",
        "FOREIGN",
        "CHECK",
        "CONSTRAINT",
        "FULLTEXT",
        "SPATIAL",
    ];
    let word = part.split_whitespace().next()?;
    let is_column = !KEYS_AND_CONSTRAINTS.contains(&word.to_uppercase().as_str());
    is_column.then(|| word.trim_matches('`').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_split_outside_quotes_and_comments() {
        for (sql, expected) in [
            ("", vec![]),
            ("-- nothing; here\n", vec![]),
            ("A; B;", vec!["A", "B"]),
            ("A 'x;y'; B", vec!["A 'x;y'", "B"]),
            ("A 'it''s;'; B", vec!["A 'it''s;'", "B"]),
            (r"A 'a\';b'; B", vec![r"A 'a\';b'", "B"]),
            ("A `x;\\`; B", vec!["A `x;\\`", "B"]),
            ("A /* ; */ C; # ;\nB", vec!["A  C", "B"]),
            ("A -- it's\n; B", vec!["A", "B"]),
            ("A '茶;'; B", vec!["A '茶;'", "B"]),
        ] {
            assert_eq!(statements(sql), expected, "{sql}");
        }
    }

    #[test]
    fn only_errors_of_executed_statements_count_as_done() {
        let exists = "Table 'x' already exists";
        let column = "Duplicate column name 'x'";
        let key = "Duplicate key name 'x'";
        let entry = "Duplicate entry '1' for key 'PRIMARY'";
        let absent = "Can't DROP 'x'; check that column/key exists";
        let unknown = "Unknown table 'd.x'";
        for (statement, done) in [
            ("CREATE TABLE x (id INT)", vec![exists]),
            ("create table `x`(id INT)", vec![exists]),
            ("CREATE VIEW x AS SELECT 1", vec![exists]),
            ("ALTER TABLE y ADD COLUMN x INT", vec![column, key, absent]),
            ("CREATE UNIQUE INDEX x ON y (z)", vec![column, key, absent]),
            ("INSERT INTO y (id) VALUES (1)", vec![entry]),
            ("INSERT INTO y SELECT * FROM z", vec![]),
            ("UPDATE y SET id = 1", vec![]),
            ("DROP TABLE x", vec![unknown, absent]),
            ("DROP INDEX x ON y", vec![unknown, absent]),
        ] {
            for error in [
                exists,
                column,
                key,
                entry,
                absent,
                unknown,
                "Lock wait timeout",
            ] {
                assert_eq!(
                    is_already_done(statement, error),
                    done.contains(&error),
                    "{statement}: {error}"
                );
            }
        }
    }

    #[test]
    fn keys_and_constraints_are_not_columns() {
        let sql = "CREATE TABLE x (id INT NOT NULL CHECK (id IN (1, 2)), `name` VARCHAR(3), PRIMARY KEY (id, name), \
                   UNIQUE INDEX i (name), FOREIGN KEY (id) REFERENCES y (z)) ENGINE = InnoDB";
        assert_eq!(
            columns(sql),
            BTreeSet::from(["id".to_owned(), "name".to_owned()])
        );
        assert_eq!(effect(sql), Effect::Table("x".to_owned()));
    }
}
