//! Coming in for the first time.

use crate::support::{Person, Teahouse, a_secret, field_errors, leads_to, person::PASSWORD};

#[tokio::test]
async fn somebody_registers_and_is_in_the_lobby() {
    let house = Teahouse::start();
    let ming = Person::visitor(&house);
    let answer = ming.submit_registration("Ming").await;
    assert_eq!(leads_to(&answer), (303, "/rooms/1"));
    let page = ming.page("/rooms/1").await;
    assert!(page.contains("Lobby") && page.contains("Ming"), "{page}");
    let home = ming.get("/").await;
    assert_eq!(leads_to(&home), (303, "/rooms/1"));
    let numbers = house.database().words("SELECT phone AS value FROM users");
    assert_eq!(numbers, std::slice::from_ref(&ming.phone));
}

#[tokio::test]
async fn the_first_person_becomes_the_admin_and_the_next_does_not() {
    let house = Teahouse::start();
    Person::register(&house, "first").await;
    Person::register(&house, "second").await;
    let roles = house
        .database()
        .words("SELECT role AS value FROM users ORDER BY id");
    assert_eq!(roles, ["admin", "member"]);
}

#[tokio::test]
async fn two_who_register_at_the_same_moment_do_not_both_become_admin() {
    let house = Teahouse::start();
    let people: Vec<_> = (0..8).map(|_| Person::visitor(&house)).collect();
    let forms = people.iter().enumerate().map(|(n, person)| async move {
        person
            .submit_registration(&format!("person{n}"))
            .await
            .status()
    });
    for status in futures_util::future::join_all(forms).await {
        assert_eq!(status, 303);
    }
    assert_eq!(house.count("users WHERE role = 'admin'"), 1);
    assert_eq!(house.count("memberships WHERE room_id = 1"), 8);
}

#[tokio::test]
async fn in_production_the_first_person_needs_the_code_that_the_server_printed() {
    let key = a_secret();
    let house = Teahouse::with(&[
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("TEAHOUSE__DATA__SECRET_KEY", &key),
    ]);
    let ming = Person::visitor(&house);
    let form = |code: String| {
        [
            ("phone", ming.phone.clone()),
            ("username", "Ming".to_owned()),
            ("password", PASSWORD.to_owned()),
            ("setup_code", code),
        ]
    };
    for wrong in ["", "000000", "wrong"] {
        let answer = ming
            .request(reqwest::Method::POST, "/register")
            .form(&form(wrong.to_owned()))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 422);
        assert_eq!(
            field_errors(&answer.text().await.expect("text")),
            ["setup_code"]
        );
    }
    assert_eq!(house.count("users"), 0);
    // Whatever the line looks like, the code is one of its words.
    let said = house
        .log()
        .into_iter()
        .find(|line| line.replace('-', "").to_lowercase().contains("setup code"))
        .expect("a line with the setup code");
    let words: Vec<_> = said
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| word.len() >= 6)
        .collect();
    let mut let_in = false;
    for word in words {
        let answer = ming
            .request(reqwest::Method::POST, "/register")
            .form(&form(word.to_owned()))
            .send()
            .await
            .expect("an answer");
        let_in |= answer.status() == 303;
    }
    assert!(let_in, "no word of this line is the code: {said}");
    // The second one needs none.
    let second = Person::visitor(&house);
    assert!(!second.page("/register").await.contains("setup_code"));
    assert_eq!(second.submit_registration("second").await.status(), 303);
}

#[tokio::test]
async fn each_wrong_field_gets_its_sentence_beside_it() {
    let house = Teahouse::start();
    let ming = Person::visitor(&house);
    let (long, most, thirty_three) = ("p".repeat(129), "密".repeat(128), "n".repeat(33));
    let phone = ming.phone.as_str();
    for (phone, username, password, wrong) in [
        ("", "ming", PASSWORD, vec!["phone"]),
        ("12", "ming", PASSWORD, vec!["phone"]),
        ("tea", "ming", PASSWORD, vec!["phone"]),
        ("+999123456", "ming", PASSWORD, vec!["phone"]),
        ("🍵🍵🍵🍵🍵🍵🍵🍵", "ming", PASSWORD, vec!["phone"]),
        (phone, "", PASSWORD, vec!["username"]),
        (phone, "m", PASSWORD, vec!["username"]),
        (phone, &thirty_three, PASSWORD, vec!["username"]),
        (phone, "two words", PASSWORD, vec!["username"]),
        (phone, "a@b", PASSWORD, vec!["username"]),
        (phone, "<b>ming</b>", PASSWORD, vec!["username"]),
        (phone, "tab\tbed", PASSWORD, vec!["username"]),
        (phone, "nul\0nul", PASSWORD, vec!["username"]),
        (phone, "zero\u{200b}width", PASSWORD, vec!["username"]),
        (phone, "back\u{202e}wards", PASSWORD, vec!["username"]),
        (phone, "茶🍵茶", PASSWORD, vec!["username"]),
        (phone, "ming", "", vec!["password"]),
        (phone, "ming", "seven77", vec!["password"]),
        (phone, "ming", &long, vec!["password"]),
        ("12", "m", "short", vec!["phone", "username", "password"]),
    ] {
        let answer = ming
            .post(
                "/register",
                &[
                    ("phone", phone),
                    ("username", username),
                    ("password", password),
                ],
            )
            .await;
        assert_eq!(answer.status(), 422, "{phone:?} {username:?}");
        let page = answer.text().await.expect("text");
        assert_eq!(
            field_errors(&page),
            wrong,
            "{phone:?} {username:?} {password:?}"
        );
        assert!(
            password.len() < 6 || !page.contains(password),
            "the password came back"
        );
    }
    assert_eq!(house.count("users"), 0);
    let fits = ming
        .post(
            "/register",
            &[("phone", phone), ("username", "ming"), ("password", &most)],
        )
        .await;
    assert_eq!(fits.status(), 303);
}

#[tokio::test]
async fn what_was_typed_comes_back_with_the_mistake() {
    let house = Teahouse::start();
    let ming = Person::visitor(&house);
    let answer = ming
        .post(
            "/register",
            &[
                ("phone", "138 99"),
                ("region", "SG"),
                ("username", "Ming \"<Tea>\""),
                ("password", "a-secret-of-mine"),
            ],
        )
        .await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    assert!(page.contains("138 99"));
    assert!(page.contains("Ming &quot;&lt;Tea&gt;&quot;"), "{page}");
    assert!(page.contains("value=\"SG\"") && !page.contains("a-secret-of-mine"));
    let selected = page
        .lines()
        .find(|line| line.contains("value=\"SG\""))
        .unwrap_or_default();
    assert!(selected.contains("selected"), "{selected}");
}

#[tokio::test]
async fn a_program_that_prefers_json_gets_the_sentences_as_json() {
    let house = Teahouse::start();
    let ming = Person::visitor(&house);
    let form = [("phone", "12"), ("username", "m"), ("password", "short")];
    let request = ming
        .request(reqwest::Method::POST, "/register")
        .header("accept", "application/json")
        .form(&form);
    let (status, answer) = crate::support::person::read(request).await;
    assert_eq!(status, 422);
    for field in ["phone", "username", "password"] {
        assert!(
            answer["errors"][field]
                .as_str()
                .is_some_and(|sentence| sentence.len() > 10),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn people_of_every_script_can_choose_their_names() {
    let house = Teahouse::start();
    let most = "n".repeat(32);
    for name in [
        "Ming",
        "明明",
        "a.b-c_d",
        "josé",
        "Żółw",
        "मीना",
        "ab",
        "한국어",
        "李2",
        &most,
    ] {
        let person = Person::register(&house, name).await;
        let shown = house.database().words(&format!(
            "SELECT username AS value FROM users WHERE phone = '{}'",
            person.phone
        ));
        assert_eq!(shown, [name], "shown as typed");
    }
}

#[tokio::test]
async fn nobody_takes_a_name_that_looks_the_same() {
    let house = Teahouse::start();
    Person::register(&house, "Ming").await;
    Person::register(&house, "José").await;
    Person::register(&house, "明明").await;
    for same in [
        "Ming",
        "ming",
        "MING",
        "Ｍｉｎｇ",
        "JOSÉ",
        "jose\u{301}",
        "明明",
    ] {
        let answer = Person::visitor(&house).submit_registration(same).await;
        assert_eq!(answer.status(), 422, "{same}");
        assert_eq!(
            field_errors(&answer.text().await.expect("text")),
            ["username"],
            "{same}"
        );
    }
    // Different names stay different, whatever the database's collation thinks.
    Person::register(&house, "jose").await;
    Person::register(&house, "ming.").await;
}

#[tokio::test]
async fn a_name_that_is_a_phone_number_is_refused() {
    let house = Teahouse::start();
    for name in [
        "13800138000",
        "138-0013-8000",
        "1.380.0138000",
        "１３８００１３８０００",
        "008613800138000",
    ] {
        let answer = Person::visitor(&house).submit_registration(name).await;
        assert_eq!(answer.status(), 422, "{name}");
        assert_eq!(
            field_errors(&answer.text().await.expect("text")),
            ["username"],
            "{name}"
        );
    }
    Person::register(&house, "agent007").await;
}
