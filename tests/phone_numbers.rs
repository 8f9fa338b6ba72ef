//! All spellings of a phone number are the same number.

use crate::support::{Person, Teahouse, field_errors, person::PASSWORD, words};

const FORMS: [(&str, &str); 8] = [
    ("+8613800138000", ""),
    ("+86 138-0013-8000", ""),
    ("0086 138 0013 8000", "CN"),
    ("13800138000", "CN"),
    ("138 0013 8000", "CN"),
    ("１３８００１３８０００", "CN"),
    ("＋８６１３８００１３８０００", ""),
    (" +86 (138) 0013 8000 ", "US"),
];

#[tokio::test]
async fn all_spellings_of_a_number_are_one_account() {
    let server = Teahouse::start();
    let first = [
        ("phone", "13800138000"),
        ("region", "CN"),
        ("username", "Ming"),
        ("password", PASSWORD),
    ];
    let answer = Person::visitor(&server).post("/register", &first).await;
    assert_eq!(answer.status(), 303);
    let stored = server.strings("SELECT phone AS value FROM users");
    assert_eq!(stored, ["+8613800138000"]);
    for (phone, region) in FORMS {
        let mut form = vec![
            ("phone", phone),
            ("username", "Other"),
            ("password", PASSWORD),
        ];
        if !region.is_empty() {
            form.push(("region", region));
        }
        let visitor = Person::visitor(&server);
        let answer = visitor.post("/register", &form).await;
        assert_eq!(answer.status(), 422, "{phone}");
        let page = answer.text().await.expect("text");
        assert_eq!(field_errors(&page), ["phone"], "{phone} is taken");
        let answer = visitor.post("/login", &form).await;
        assert_eq!(answer.status(), 303, "{phone} signs in");
    }
}

#[tokio::test]
async fn country_of_a_national_number_defaults_to_the_browser_language() {
    let server = Teahouse::start();
    let register = async |language: &str, phone: &str, name: &str| {
        let form = [("phone", phone), ("username", name), ("password", PASSWORD)];
        let (visitor, header) = (Person::visitor(&server), ("accept-language", language));
        let answer = visitor.post_with("/register", &[header], &form).await;
        answer.status().as_u16()
    };
    for (language, phone, name, status) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", "13800138001", "chinese", 303),
        ("en-US,en;q=0.9", "(415) 555-2671", "american", 303),
        ("de-DE", "0151 23456789", "german", 303),
        // Not an American number.
        ("en-US", "13800138002", "nobody", 422),
        ("", "13800138003", "configured", 303),
    ] {
        assert_eq!(register(language, phone, name).await, status, "{name}");
    }
    let sql = "SELECT phone AS value FROM users ORDER BY id";
    let wanted = words("+8613800138001 +14155552671 +4915123456789 +8613800138003");
    assert_eq!(server.strings(sql), wanted);
}

#[tokio::test]
async fn form_preselects_the_country_of_the_browser_language() {
    let server = Teahouse::start();
    for (language, code) in [("zh-CN", "CN"), ("de-DE,de;q=0.9", "DE"), ("en-SG", "SG")] {
        for path in ["/register", "/login"] {
            let visitor = Person::visitor(&server);
            let answer = visitor.get_with(path, "accept-language", language).await;
            let page = answer.text().await.expect("text");
            let value = format!("<option value=\"{code}\"");
            let option = page.lines().find(|line| line.contains(&value));
            let option = option.expect("an option");
            assert!(option.contains("selected"), "{path} {language}: {option}");
        }
    }
}

#[tokio::test]
async fn phone_number_is_not_shown_to_other_users() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    let mut socket = ana.socket().await;
    ming.say("hello").await;
    let message = socket.expect("message").await;
    let digits = &ming.phone[3..];
    let seen = [
        message.to_string(),
        socket.hello.to_string(),
        ana.page("/rooms/1").await,
        ana.page("/rooms/1/messages").await,
    ];
    for text in seen {
        assert!(!text.contains(digits), "{text}");
    }
}
