//! Which passwords are taken, and what their hashes cost.

use crate::support::{Person, Teahouse, field_errors};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use serde_json::json;

#[tokio::test]
async fn a_password_that_everybody_tries_or_that_is_my_own_name_or_number_is_refused() {
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
        let form = [
            ("phone", ming.phone.as_str()),
            ("username", "Ming-Ming"),
            ("password", password),
        ];
        let answer = ming.post("/register", &form).await;
        assert_eq!(answer.status(), 422, "{password}");
        let page = answer.text().await.expect("text");
        assert_eq!(field_errors(&page), ["password"], "{password}");
    }
    // What it is made of is nobody's business.
    for (n, password) in [
        "aaaaaaab",
        "only lower case",
        "12121211",
        "密码密码密码茶馆",
    ]
    .iter()
    .enumerate()
    {
        let person = Person::visitor(&server);
        let name = format!("person{n}");
        let form = [
            ("phone", person.phone.as_str()),
            ("username", &name),
            ("password", password),
        ];
        assert_eq!(
            person.post("/register", &form).await.status(),
            303,
            "{password}"
        );
    }
    let reset = server.command_with_input(&["user", "reset-password", "person1"], "password1\n");
    assert!(
        !reset.status.success() && reset.stderr.contains("everybody"),
        "{reset:?}"
    );
}

#[tokio::test]
async fn a_hash_is_renewed_at_sign_in_when_hashes_cost_more_than_it_did() {
    // At what they cost where nothing is set, which is production's.
    let server = Teahouse::with(&[("TEAHOUSE_ENV", "development")]);
    let ming = Person::register(&server, "Ming").await;
    let hash = || {
        server
            .database()
            .strings("SELECT password_hash AS value FROM users")
            .remove(0)
    };
    let before = hash();
    assert!(
        before.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{before}"
    );
    let dearer = server.second_server_with(&[("TEAHOUSE__ACCOUNTS__HASH_PASSES", "3")]);
    let wrong = [
        ("phone", ming.phone.as_str()),
        ("password", "not the password"),
    ];
    assert_eq!(ming.at(&dearer).post("/login", &wrong).await.status(), 422);
    assert_eq!(hash(), before);
    assert_eq!(ming.at(&dearer).sign_in().await.status(), 303);
    let after = hash();
    assert!(
        after.starts_with("$argon2id$v=19$m=19456,t=3,p=1$"),
        "{after}"
    );
    assert_eq!(ming.at(&dearer).sign_in().await.status(), 303);
    assert_eq!(hash(), after, "once");
    // It never gets cheaper, and the password is the same.
    assert_eq!(ming.sign_in().await.status(), 303);
    assert_eq!(hash(), after);
}

async fn signs_in(server: &Teahouse, phone: &str, password: &str) -> (u16, u16) {
    let visitor = Person::visitor(server);
    let form = [("phone", phone), ("password", password)];
    let page = visitor.post("/login", &form).await.status();
    let body = json!({"phone": phone, "password": password});
    let (api, _) = visitor.post_json("/api/login", &body).await;
    (page.as_u16(), api.as_u16())
}

#[tokio::test]
async fn a_password_is_the_same_however_a_keyboard_composes_it() {
    let server = Teahouse::with(&[("TEAHOUSE__THROTTLE__ENABLED", "false")]);
    for (n, (set, same, others)) in [
        // Composed, decomposed; case and width count.
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
        // Spaces of any kind.
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
        let form = [
            ("phone", person.phone.as_str()),
            ("username", &name),
            ("password", set),
        ];
        assert_eq!(person.post("/register", &form).await.status(), 303, "{set}");
        for typed in [set, same] {
            assert_eq!(
                signs_in(&server, &person.phone, typed).await,
                (303, 200),
                "{typed}"
            );
        }
        for typed in others {
            assert_eq!(
                signs_in(&server, &person.phone, typed).await,
                (422, 401),
                "{typed}"
            );
        }
        // The settings compare and set in the same way.
        let change = |old: &'static str, new: &'static str| {
            let person = person.clone();
            async move {
                let form = [("_method", "put"), ("old_password", old), ("password", new)];
                person
                    .post("/settings/password", &form)
                    .await
                    .status()
                    .as_u16()
            }
        };
        assert_eq!(change(others[0], "another word of tea").await, 422, "{set}");
        assert_eq!(
            change(same, "another cafe\u{301}\u{a0}word").await,
            303,
            "{set}"
        );
        let phone = &person.phone;
        assert_eq!(
            signs_in(&server, phone, "another caf\u{e9} word").await,
            (303, 200),
            "{set}"
        );
        let reset = server.command_with_input(&["user", "reset-password", &name], &format!("{same}\n"));
        assert!(reset.status.success(), "{reset:?}");
        assert_eq!(signs_in(&server, phone, set).await, (303, 200), "{set}");
    }
}

#[tokio::test]
async fn hashes_from_before_passwords_were_normalized_are_accepted_and_renewed() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let database = server.database();
    let hash = || {
        database
            .strings("SELECT password_hash AS value FROM users")
            .remove(0)
    };
    for (raw, is_renewed, same) in [
        ("cafe\u{301}\u{a0}word", true, Some("caf\u{e9} word")),
        // Refused by the profile, so there is no other form.
        ("tab\tbetween words", false, None),
        ("zero\u{200b}width words", false, None),
        ("plain old words", false, None),
    ] {
        let old = Argon2::default()
            .hash_password(raw.as_bytes())
            .expect("a hash")
            .to_string();
        database.run(&format!("UPDATE users SET password_hash = '{old}'"));
        if let Some(same) = same {
            assert_eq!(
                signs_in(&server, &mei.phone, same).await,
                (422, 401),
                "{same}"
            );
        }
        assert_eq!(signs_in(&server, &mei.phone, raw).await, (303, 200), "{raw}");
        assert_eq!(hash() != old, is_renewed, "{raw}");
        for typed in [Some(raw), same].into_iter().flatten() {
            assert_eq!(
                signs_in(&server, &mei.phone, typed).await,
                (303, 200),
                "{typed}"
            );
        }
    }
}

#[tokio::test]
async fn passwords_with_characters_that_nobody_can_type_are_refused_when_set() {
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
        let form = [
            ("phone", mei.phone.as_str()),
            ("username", "mei"),
            ("password", password),
        ];
        let answer = mei.post("/register", &form).await;
        assert_eq!(answer.status(), 422, "{}", password.escape_unicode());
        let page = answer.text().await.expect("text");
        assert_eq!(
            field_errors(&page),
            ["password"],
            "{}",
            password.escape_unicode()
        );
        assert!(page.contains("control or invisible characters"), "{page}");
    }
    // Lengths are counted after normalization.
    for (password, status) in [("e\u{301}".repeat(7), 422), ("e\u{301}".repeat(128), 303)] {
        let form = [
            ("phone", mei.phone.as_str()),
            ("username", "mei"),
            ("password", &password),
        ];
        assert_eq!(mei.post("/register", &form).await.status(), status);
    }
}
