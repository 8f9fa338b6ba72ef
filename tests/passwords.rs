//! Which passwords are accepted, and how they are hashed and normalized.

use crate::support::{Person, Teahouse, field_errors};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use serde_json::json;

/// Registering is rejected with an error at the password only; returns the page.
async fn rejected(person: &Person, name: &str, password: &str) -> String {
    let shown = password.escape_unicode();
    let answer = person.register_with(name, password).await;
    assert_eq!(answer.status(), 422, "{shown}");
    let page = answer.text().await.expect("text");
    assert_eq!(field_errors(&page), ["password"], "{shown}");
    page
}

/// The stored hash of the first user.
fn stored_hash(server: &Teahouse) -> String {
    let sql = "SELECT password_hash AS value FROM users";
    server.strings(sql).remove(0)
}

#[tokio::test]
async fn common_passwords_and_the_own_name_or_number_are_rejected() {
    let server = Teahouse::start();
    let ming = Person::visitor(&server);
    let national = ming.phone.trim_start_matches("+86");
    for password in [
        "password",
        "Password1",
        "12345678",
        "qwertyuiop",
        "woaini1314",
        "iloveyou2026!",
        "Ming-Ming",
        "ming-ming1",
        national,
        &ming.phone,
        &format!("0086 {national}"),
    ] {
        rejected(&ming, "Ming-Ming", password).await;
    }
    // There are no rules about kinds of characters.
    let accepted = [
        "aaaaaaab",
        "only lower case",
        "12121211",
        "密码密码密码茶馆",
    ];
    for (n, password) in accepted.iter().enumerate() {
        let answer = Person::visitor(&server)
            .register_with(&format!("person{n}"), password)
            .await;
        assert_eq!(answer.status(), 303, "{password}");
    }
    let reset = server.command_with_input(&["user", "reset-password", "person1"], "password1\n");
    let is_common = reset.stderr.contains("too common");
    assert!(!reset.status.success() && is_common, "{reset:?}");
}

#[tokio::test]
async fn sign_in_renews_a_hash_that_is_cheaper_than_configured() {
    // The default cost, which is production's.
    let server = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    let ming = Person::register(&server, "Ming").await;
    let hash = || stored_hash(&server);
    let before = hash();
    let is_shown = before.starts_with("$argon2id$v=19$m=19456,t=2,p=1$");
    assert!(is_shown, "{before}");
    let costlier = server.second_server_with(&[("TEAHOUSE__ACCOUNTS__HASH_PASSES", "3")]);
    let wrong = ming.at(&costlier).log_in(&ming.phone, "wrong").await;
    assert_eq!(wrong.status(), 422);
    assert_eq!(hash(), before);
    assert_eq!(ming.at(&costlier).sign_in().await.status(), 303);
    let after = hash();
    let is_shown = after.starts_with("$argon2id$v=19$m=19456,t=3,p=1$");
    assert!(is_shown, "{after}");
    assert_eq!(ming.at(&costlier).sign_in().await.status(), 303);
    assert_eq!(hash(), after, "renewed once");
    // A hash is not renewed with a lower cost.
    assert_eq!(ming.sign_in().await.status(), 303);
    assert_eq!(hash(), after);
}

/// Status of signing in by form and by API.
async fn sign_in(server: &Teahouse, phone: &str, password: &str) -> (u16, u16) {
    let visitor = Person::visitor(server);
    let page = visitor.log_in(phone, password).await.status();
    let body = json!({"phone": phone, "password": password});
    let (api, _) = visitor.post_json("/api/login", &body).await;
    (page.as_u16(), api.as_u16())
}

#[tokio::test]
async fn passwords_are_normalized_to_nfc_with_plain_spaces() {
    let server = Teahouse::start();
    for (n, (set, same, others)) in [
        // Composed and decomposed; case and width differ.
        (
            "caf\u{e9} au lait",
            "cafe\u{301} au lait",
            ["cafe au lait", "CAF\u{c9} AU LAIT"],
        ),
        (
            "cafe\u{301} au lait!",
            "caf\u{e9} au lait!",
            ["caf\u{e9} au lait", "ｃaf\u{e9} au lait!"],
        ),
        // Any kind of space.
        (
            "four\u{a0}words\u{3000}of tea",
            "four words of\u{2003}tea",
            ["fourwordsoftea", "four  words of tea"],
        ),
        (
            "\u{ac00}\u{b098}\u{b2e4} 찻집에서",
            "\u{ac00}\u{b098}\u{b2e4}\u{202f}찻집에서",
            ["찻집에서", "가나다"],
        ),
        (
            "mật khẩu của tôi",
            "ma\u{323}\u{302}t kh\u{e2}\u{309}u cu\u{309}a t\u{f4}i",
            [
                "mat khau cua toi",
                "m\u{e2}t kh\u{1ea9}u c\u{1ee7}a t\u{f4}i",
            ],
        ),
        (
            "\u{5e9}\u{5bc}\u{5c1}לום לכם שם",
            "\u{5e9}\u{5c1}\u{5bc}לום לכם שם",
            ["שלום לכם שם", "\u{5e9}\u{5bc}לום לכם שם"],
        ),
        (
            "tea for two 🫖🤔",
            "tea\u{205f}for two 🫖🤔",
            ["tea for two 🫖", "tea for two"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let person = Person::visitor(&server);
        let name = format!("person{n}");
        let registered = person.register_with(&name, set).await;
        assert_eq!(registered.status(), 303, "{set}");
        let phone = &person.phone;
        for typed in [set, same] {
            assert_eq!(sign_in(&server, phone, typed).await, (303, 200), "{typed}");
        }
        for typed in others {
            assert_eq!(sign_in(&server, phone, typed).await, (422, 401), "{typed}");
        }
        // The settings normalize both passwords too.
        let change = async |old: &str, new: &str| {
            let form = [("old_password", old), ("password", new)];
            person.submit("put", "/settings/password", &form).await
        };
        assert_eq!(change(others[0], "another word of tea").await, 422, "{set}");
        let found = change(same, "another cafe\u{301}\u{a0}word").await;
        assert_eq!(found, 303, "{set}");
        let changed = sign_in(&server, phone, "another caf\u{e9} word").await;
        assert_eq!(changed, (303, 200), "{set}");
        let reset =
            server.command_with_input(&["user", "reset-password", &name], &format!("{same}\n"));
        assert!(reset.status.success(), "{reset:?}");
        assert_eq!(sign_in(&server, phone, set).await, (303, 200), "{set}");
    }
}

#[tokio::test]
async fn hashes_of_unnormalized_passwords_are_accepted_and_renewed() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let database = server.database();
    for (raw, is_renewed, same) in [
        ("cafe\u{301}\u{a0}word", true, Some("caf\u{e9} word")),
        // Not valid in the profile, so there is no normalized form.
        ("tab\tbetween words", false, None),
        ("zero\u{200b}width words", false, None),
        ("plain old words", false, None),
    ] {
        let old = Argon2::default().hash_password(raw.as_bytes());
        let old = old.expect("a hash").to_string();
        database.run(&format!("UPDATE users SET password_hash = '{old}'"));
        if let Some(same) = same {
            let found = sign_in(&server, &mei.phone, same).await;
            assert_eq!(found, (422, 401), "{same}");
        }
        assert_eq!(sign_in(&server, &mei.phone, raw).await, (303, 200), "{raw}");
        assert_eq!(stored_hash(&server) != old, is_renewed, "{raw}");
        for typed in [Some(raw), same].into_iter().flatten() {
            let found = sign_in(&server, &mei.phone, typed).await;
            assert_eq!(found, (303, 200), "{typed}");
        }
    }
}

#[tokio::test]
async fn passwords_with_control_or_invisible_characters_are_rejected() {
    let server = Teahouse::start();
    let mei = Person::visitor(&server);
    for password in [
        "a\tb of tea leaves",
        "bell\u{7} of the server",
        "nul\0 of the server",
        "line\nof the server",
        "zero\u{200b}width server",
        "back\u{202e}wards server",
        "delete\u{7f} the server",
        "\u{fdd0} is no character",
    ] {
        let page = rejected(&mei, "mei", password).await;
        assert!(page.contains("control or invisible characters"), "{page}");
    }
    // Length limits apply after normalization.
    for (password, status) in [("e\u{301}".repeat(7), 422), ("e\u{301}".repeat(128), 303)] {
        assert_eq!(mei.register_with("mei", &password).await.status(), status);
    }
}
