//! Which passwords are taken, and what their hashes cost.

use crate::support::{Person, Teahouse, field_errors};

#[tokio::test]
async fn a_password_that_everybody_tries_or_that_is_my_own_name_or_number_is_refused() {
    let house = Teahouse::start();
    let ming = Person::visitor(&house);
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
        let person = Person::visitor(&house);
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
    let reset = house.command_reading(&["user", "reset-password", "person1"], "password1\n");
    assert!(
        !reset.status.success() && reset.stderr.contains("everybody"),
        "{reset:?}"
    );
}

#[tokio::test]
async fn a_hash_is_renewed_at_sign_in_when_hashes_cost_more_than_it_did() {
    let house = Teahouse::start();
    let ming = Person::register(&house, "Ming").await;
    let hash = || {
        house
            .database()
            .words("SELECT password_hash AS value FROM users")
            .remove(0)
    };
    let before = hash();
    assert!(
        before.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{before}"
    );
    let dearer = house.beside_with(&[("TEAHOUSE__ACCOUNTS__HASH_PASSES", "3")]);
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
