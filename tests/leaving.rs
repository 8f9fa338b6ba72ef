//! Deleting an account: what goes, what stays, and whose it is then.

use crate::support::person::PASSWORD;
use crate::support::pictures::{file, picture};
use crate::support::{Person, Socket, Teahouse, client_id, eventually, field_errors, leads_to};
use image::ImageFormat;
use serde_json::json;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(5);

/// The form of whoever goes; answers the fields that have a sentence.
async fn go(person: &Person, confirm: &str, password: &str) -> Vec<String> {
    let form = [
        ("_method", "delete"),
        ("confirm", confirm),
        ("delete_password", password),
    ];
    let answer = person.post("/settings/account", &form).await;
    if answer.status() == 303 {
        assert_eq!(leads_to(&answer), (303, "/farewell"));
        return Vec::new();
    }
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.expect("text");
    assert!(!page.contains(PASSWORD));
    field_errors(&page).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_somebody_said_stays_by_a_deleted_person() {
    let (house, [admin, mei, li]) = Teahouse::with_people(["Admin", "Mei", "Li"]).await;
    let phone = mei.on_another_device(&house).await;
    let room = mei.make_room("closed", "ours", &[&li]).await;
    mei.add_member(&room, &admin).await;
    let pair = mei.direct(&["Li"]).await;
    let group = mei.direct(&["Li", "Admin"]).await;
    mei.say_in(&room, "remember me").await;
    li.say_in(&room, "of course, @Mei").await;
    mei.say_in(&pair, "only you").await;
    let jpeg = file(&picture(300, 300), ImageFormat::Jpeg);
    mei.upload(&jpeg, "a.jpg", "image/jpeg").await;
    assert_eq!(go(&mei, "mei", PASSWORD).await, ["confirm"]);
    assert_eq!(go(&mei, "Mei", "").await, ["delete_password"]);
    assert_eq!(go(&mei, "Mei", "wrong password").await, ["delete_password"]);
    let (mut here, mut there) = (mei.socket().await, phone.socket().await);
    let mut lis = li.socket().await;
    let start = Instant::now();
    assert!(go(&mei, "Mei", PASSWORD).await.is_empty());
    assert_eq!(here.close_code(SOON).await, 4001);
    assert_eq!(there.close_code(SOON).await, 4001);
    println!("all windows were closed after {:?}", start.elapsed());
    for gone in [&mei, &phone] {
        assert_eq!(gone.get_json("/api/auth_user").await.0, 401);
        assert_eq!(Socket::refusal(Socket::request(gone)).await, 401);
    }
    assert_eq!(mei.sign_in().await.status(), 422);
    assert_eq!(mei.page("/farewell").await.matches("<h1>").count(), 1);
    // The other one of a conversation sees it at once, and is not heard there any more.
    lis.expect_where("room", |frame| frame["room"]["name"] == "deleted person")
        .await;
    let said = li.history(&room).await;
    assert_eq!(said[0]["content"], "remember me");
    let author = &said[0]["user"];
    assert_eq!(
        (&author["username"], &author["avatarURL"]),
        (&json!("deleted person"), &json!(null))
    );
    lis.post(&pair, "are you there?").await;
    assert_eq!(lis.expect("error").await["code"], "blocked");
    li.say_in(&group, "we are two now").await;
    assert_eq!(li.post("/directs", &[("to", "Mei")]).await.status(), 422);
    let page = li.page(&format!("/rooms/{pair}")).await;
    assert!(page.contains("This person has deleted their account.") && !page.contains("Mei"));
    // The rooms that they made go to the longest member.
    assert_eq!(
        li.act("patch", &format!("/rooms/{room}"), &[("name", "mine")])
            .await,
        303
    );
    assert_eq!(house.count("avatars"), 0);
    let sessions = "SELECT COUNT(*) AS value FROM sessions WHERE user_id = 2";
    assert_eq!(house.database().number(sessions), 0);
    // In the reader's language.
    let form = [
        ("locale", "zh-CN"),
        ("appearance", "system"),
        ("time_format", "language"),
    ];
    li.post("/settings/appearance", &form).await;
    let page = li.page(&format!("/rooms/{room}")).await;
    assert!(page.contains("已注销的用户") && !page.contains("deleted person"));
    // The number is free, and who has it now is somebody else; the name stays reserved for a while.
    let mut again = mei.clone();
    assert_eq!(again.submit_registration("Mei").await.status(), 422);
    again.name = "Mei-again".to_owned();
    assert_eq!(again.submit_registration("Mei-again").await.status(), 303);
    assert!(again.rooms().await.iter().all(|mine| mine["id"] == "1"));
    assert_eq!(again.get(&format!("/rooms/{pair}")).await.status(), 404);
}

#[tokio::test]
async fn where_the_house_says_so_the_messages_go_too() {
    let mut house = Teahouse::with(&[("TEAHOUSE__ACCOUNTS__DELETED_MESSAGES", "delete")]);
    let [_admin, mei, li] = Person::register_each(&house, ["Admin", "Mei", "Li"]).await;
    let room = mei.make_room("closed", "ours", &[&li]).await;
    let mut meis = mei.socket().await;
    for n in 0..250 {
        meis.post(&room, &format!("mine {n}")).await;
    }
    for _ in 0..250 {
        meis.expect("ack").await;
    }
    li.say_in(&room, "of Li").await;
    assert!(
        mei.page("/settings/account")
            .await
            .contains("messages are deleted too")
    );
    let mut lis = li.socket().await;
    assert!(go(&mei, "Mei", PASSWORD).await.is_empty());
    let first = lis.expect("message").await;
    assert!(first["deletedAt"].is_string() && first["content"] == "");
    // Begun is done, even when the program stops in the middle.
    house.kill9();
    house.start_again();
    let left = "SELECT COUNT(*) AS value FROM messages WHERE deleted_at IS NULL";
    eventually("all is hidden", || async {
        (house.database().number(left) == 1).then_some(())
    })
    .await;
    let said = li.whole_history(&room).await;
    assert_eq!(said.len(), 251);
    assert!(said[..250].iter().all(|message| message["content"] == ""));
    assert_eq!(said[250]["content"], "of Li");
    let erasing = "SELECT COUNT(*) AS value FROM users WHERE erasing";
    eventually("it is over", || async {
        (house.database().number(erasing) == 0).then_some(())
    })
    .await;
    li.say_in(&room, "and on it goes").await;
}

#[tokio::test]
async fn the_last_admin_goes_last() {
    let (house, [admin, mei]) = Teahouse::with_people(["Admin", "Mei"]).await;
    assert_eq!(go(&admin, "Admin", PASSWORD).await, ["confirm"]);
    assert_eq!(admin.get("/settings/account").await.status(), 200);
    assert!(go(&mei, "Mei", PASSWORD).await.is_empty());
    assert!(go(&admin, "Admin", PASSWORD).await.is_empty());
    // An empty house begins anew.
    Person::register(&house, "Next").await;
    let role = "SELECT role AS value FROM users WHERE username = 'Next'";
    assert_eq!(house.database().words(role), ["admin"]);
}

#[tokio::test]
async fn what_is_said_while_somebody_goes_is_theirs_or_refused() {
    let house = Teahouse::start();
    Person::register(&house, "Admin").await;
    let mei = Person::register(&house, "Mei").await;
    let mut socket = mei.socket().await;
    let going = go(&mei, "Mei", PASSWORD);
    let talking = async {
        for n in 0..50 {
            let frame = json!({"type": "post", "clientId": client_id(), "roomId": "1", "content": n.to_string()});
            socket.send(frame).await;
        }
    };
    let (gone, ()) = tokio::join!(going, talking);
    assert!(gone.is_empty());
    assert_eq!(socket.close_code(SOON).await, 4001);
    let acked = socket.taken("ack").len() as i64;
    let stored = house.count("messages");
    println!("{acked} acknowledged, {stored} stored");
    assert!(acked <= stored, "{acked} acknowledged, {stored} stored");
    let theirs = "SELECT COUNT(*) AS value FROM messages WHERE user_id <> 2";
    assert_eq!(house.database().number(theirs), 0);
}
