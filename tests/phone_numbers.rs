//! One number is one number, however it is written.

use crate::support::{Person, Teahouse, field_errors, person::PASSWORD};
use reqwest::Method;

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
async fn every_form_of_a_number_belongs_to_the_same_person() {
    let server = Teahouse::start();
    let first = Person::visitor(&server);
    let answer = first
        .post(
            "/register",
            &[
                ("phone", "13800138000"),
                ("region", "CN"),
                ("username", "Ming"),
                ("password", PASSWORD),
            ],
        )
        .await;
    assert_eq!(answer.status(), 303);
    assert_eq!(
        server.database().strings("SELECT phone AS value FROM users"),
        ["+8613800138000"]
    );
    for (phone, region) in FORMS {
        let form = [
            ("phone", phone),
            ("region", region),
            ("username", "Other"),
            ("password", PASSWORD),
        ];
        let form: Vec<_> = form
            .into_iter()
            .filter(|(name, value)| *name != "region" || !value.is_empty())
            .collect();
        let visitor = Person::visitor(&server);
        let answer = visitor.post("/register", &form).await;
        assert_eq!(answer.status(), 422, "{phone}");
        assert_eq!(
            field_errors(&answer.text().await.expect("text")),
            ["phone"],
            "{phone} is taken"
        );
        let answer = visitor.post("/login", &form).await;
        assert_eq!(answer.status(), 303, "{phone} signs in");
    }
}

#[tokio::test]
async fn the_browsers_language_suggests_the_country() {
    let server = Teahouse::start();
    let register = async |language: &str, phone: &str, name: &str| {
        let form = [("phone", phone), ("username", name), ("password", PASSWORD)];
        let request = Person::visitor(&server)
            .request(Method::POST, "/register")
            .header("accept-language", language)
            .form(&form);
        request.send().await.expect("a response").status().as_u16()
    };
    assert_eq!(
        register("zh-CN,zh;q=0.9,en;q=0.8", "13800138001", "chinese").await,
        303
    );
    assert_eq!(
        register("en-US,en;q=0.9", "(415) 555-2671", "american").await,
        303
    );
    assert_eq!(register("de-DE", "0151 23456789", "german").await, 303);
    assert_eq!(
        register("en-US", "13800138002", "nobody").await,
        422,
        "no American number"
    );
    assert_eq!(register("", "13800138003", "configured").await, 303);
    let numbers = server
        .database()
        .strings("SELECT phone AS value FROM users ORDER BY id");
    assert_eq!(
        numbers,
        [
            "+8613800138001",
            "+14155552671",
            "+4915123456789",
            "+8613800138003"
        ]
    );
}

#[tokio::test]
async fn the_form_offers_the_country_that_the_browser_suggests() {
    let server = Teahouse::start();
    for (language, code) in [("zh-CN", "CN"), ("de-DE,de;q=0.9", "DE"), ("en-SG", "SG")] {
        for path in ["/register", "/login"] {
            let request = Person::visitor(&server)
                .request(Method::GET, path)
                .header("accept-language", language);
            let page = request
                .send()
                .await
                .expect("a response")
                .text()
                .await
                .expect("text");
            let option = page
                .lines()
                .find(|line| line.contains(&format!("<option value=\"{code}\"")))
                .expect("an option");
            assert!(option.contains("selected"), "{path} {language}: {option}");
        }
    }
}

#[tokio::test]
async fn a_number_is_shown_to_nobody_else() {
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
