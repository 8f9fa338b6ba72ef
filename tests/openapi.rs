//! The OpenAPI document matches the routes and their responses.

use crate::support::{ApiClient, LOBBY, Person, Teahouse};
use serde_json::Value;
use std::collections::BTreeSet;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn description(server: &Teahouse) -> Value {
    let (status, document) = Person::visitor(server).get_json("/api/openapi.json").await;
    assert_eq!(status, 200);
    document
}

/// Follows a `$ref` within the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("a local reference");
            let target = document.pointer(pointer);
            resolve(
                document,
                target.unwrap_or_else(|| panic!("{reference} does not exist")),
            )
        }
        None => value,
    }
}

/// Collects every `$ref` of the document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    if value.get("$ref").is_some() {
        found.push(value);
    }
    match value {
        Value::Object(object) => object.values().for_each(|value| references(value, found)),
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn openapi_lists_exactly_the_api_routes() {
    let server = Teahouse::start();
    let document = description(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            assert!(METHODS.contains(&method.as_str()), "{method} {path}");
            assert!(operation["operationId"].is_string(), "{method} {path}");
            described.insert(format!("{} {path}", method.to_uppercase()));
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let named: BTreeSet<_> = parameters
                .map(|parameter| resolve(&document, parameter))
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| format!("{{{}}}", parameter["name"].as_str().expect("a name")))
                .collect();
            let parts = path.split('/').filter(|part| part.starts_with('{'));
            let placeholders: BTreeSet<_> = parts.map(str::to_owned).collect();
            assert_eq!(named, placeholders, "{method} {path}");
        }
    }
    let routes = server.command(&["routes"]).stdout;
    let real: BTreeSet<_> = routes
        .lines()
        .filter(|line| line.contains(" /api/"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(described, real);
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        resolve(&document, reference);
    }
}

/// Asserts that the value matches the schema and has no undocumented property.
fn check(document: &Value, schema: &Value, value: &Value, location: &str) {
    let schema = resolve(document, schema);
    if let Some(choices) = (schema["oneOf"].as_array()).or(schema["anyOf"].as_array()) {
        let null = choices.iter().any(|choice| choice["type"] == "null");
        if value.is_null() && null {
            return;
        }
        let fits = |choice: &&Value| choice["const"].is_null() || choice["const"] == *value;
        let choice = choices.iter().find(fits);
        let choice = choice.unwrap_or_else(|| panic!("{location}: {value}"));
        return check(document, choice, value, location);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let wanted = &schema["type"];
    let fits = wanted == kind
        || wanted
            .as_array()
            .is_some_and(|all| all.contains(&kind.into()));
    assert!(fits, "{location}: {value} is not {wanted}");
    if let Some(names) = schema["enum"].as_array() {
        assert!(names.contains(value), "{location}: {value}");
    }
    if let (Some(object), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        let names: BTreeSet<_> = object.keys().collect();
        assert_eq!(names, known.keys().collect(), "{location}");
        for (name, value) in object {
            check(document, &known[name], value, &format!("{location}.{name}"));
        }
    }
    for entry in value.as_array().into_iter().flatten() {
        check(document, &schema["items"], entry, &format!("{location}[]"));
    }
}

#[tokio::test]
async fn responses_match_their_schemas() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let pair = mei.direct(&["Li"]).await;
    li.say_in(&pair, "hello").await;
    mei.say("@li").await;
    let program = ApiClient::of(&server, &mei).await;
    let document = description(&server).await;
    for (path, id, status) in [
        ("/api/auth_user", "", 200),
        ("/api/usernames?search=l", "", 200),
        ("/api/usernames?search=", "", 422),
        ("/api/conversations", "", 200),
        ("/api/conversations/{id}", &*pair, 200),
        ("/api/conversations/{id}", LOBBY, 404),
        ("/api/conversations/{id}/other_participant", &pair, 200),
        ("/api/conversations/{id}/messages", &pair, 200),
        ("/api/rooms", "", 200),
        ("/api/rooms/{id}", LOBBY, 200),
        ("/api/rooms/{id}", "9", 404),
        ("/api/rooms/{id}/messages", LOBBY, 200),
        ("/api/rooms/{id}/messages?limit=0", LOBBY, 400),
        ("/api/events", "", 406),
        ("/api/messages", "", 406),
    ] {
        let (found, value) = program.get(&path.replace("{id}", id)).await;
        assert_eq!(found, status, "{path}");
        let bare = path.split('?').next().expect("a path");
        let responses = &document["paths"][bare]["get"]["responses"];
        let response = resolve(&document, &responses[status.to_string()]);
        let schema = &response["content"]["application/json"]["schema"];
        check(&document, schema, &value, path);
    }
}
