//! Rooms that anybody may enter: finding all of them, and making a closed one open.

use crate::support::{Browser, Person, Teahouse};
use reqwest::Method;
use serde_json::json;

/// The names of the directory's entries, and the query of the next page.
fn entries(page: &str, list: &str) -> (Vec<String>, Option<String>) {
    let (_, rest) = page
        .split_once(&format!("id=\"{list}\""))
        .unwrap_or_default();
    let (list, rest) = rest.split_once("</ul>").unwrap_or_default();
    let names = list.split("directory-name").skip(1).map(|part| {
        let (_, name) = part
            .split_once("<bdi>")
            .or(part.split_once('>'))
            .expect("a name");
        name.split('<').next().expect("its end").to_owned()
    });
    let next = rest.split_once("id=\"next-page\"").map(|(_, link)| {
        let (_, href) = link.split_once("href=\"").expect("a link");
        let href = href.split('"').next().expect("its end");
        href.replace("&amp;", "&")
    });
    (names.collect(), next)
}

async fn walk(person: &Person, first: &str, list: &str) -> (Vec<String>, usize) {
    let (mut all, mut next, mut pages) = (Vec::new(), Some(first.to_owned()), 0);
    while let Some(path) = next {
        let (names, following) = entries(&person.page(&path).await, list);
        all.extend(names);
        pages += 1;
        next = following;
    }
    (all, pages)
}

#[tokio::test]
async fn every_open_room_is_on_a_page_of_the_directory() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    for n in 0..230 {
        // Several of the same name, and some that a search finds.
        let name = match n % 2 {
            0 => format!("tea & cake {n:03}"),
            _ => format!("spam {:02}", n % 20),
        };
        server.database().add_room("open", &name, &[]);
    }
    let (all, pages) = walk(&li, "/rooms", "open-rooms").await;
    assert_eq!((all.len(), pages), (230, 3));
    assert!(all.is_sorted());
    let page = li.page("/rooms").await;
    assert!(
        page.contains("230 rooms") && page.contains("of 230"),
        "{page}"
    );
    let (found, pages) = walk(&li, "/rooms?search=Tea+%26+cake", "open-rooms").await;
    assert_eq!((found.len(), pages), (115, 2));
    assert!(
        found.iter().all(|name| name.starts_with("tea &amp; cake")),
        "{found:?}"
    );
    // Places that make no sense, or lie after everything.
    for after in [
        "nonsense",
        "1",
        "9.%F0%9F%8D%B5",
        ".",
        "99999999999999999999.x",
    ] {
        assert_eq!(
            mei.get(&format!("/rooms?after={after}")).await.status(),
            200,
            "{after}"
        );
    }
}

#[tokio::test]
async fn everybody_is_on_a_page_of_the_people() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    for n in 0..104 {
        Person::register(&server, &format!("guest_{n:03}")).await;
    }
    let (all, pages) = walk(&mei, "/people?search=guest", "directory-people").await;
    assert_eq!((all.len(), pages), (104, 2));
    assert!(all.is_sorted());
}

#[tokio::test]
async fn a_closed_room_is_opened_by_its_name_and_its_members_are_told() {
    let (_server, [mei, li, bo]) = Teahouse::with_users(["Mei", "Li", "Bo"]).await;
    let id = mei.create_room("closed", "Tea", &[&li]).await;
    let path = format!("/rooms/{id}");
    let mut socket = li.socket().await;
    for confirm in [
        json!({}),
        json!({"confirm": ""}),
        json!({"confirm": "tea"}),
        json!({"confirm": "new", "name": "new"}),
    ] {
        let mut body = confirm;
        body["kind"] = json!("open");
        let (status, answer) = mei.json(Method::PATCH, &path, body).await;
        assert_eq!(
            (status, answer["errors"]["confirm"].is_string()),
            (422, true),
            "{answer}"
        );
    }
    let form = [
        ("_method", "patch"),
        ("kind", "open"),
        ("name", "Tea"),
        ("confirm", "x"),
    ];
    let page = mei.post(&path, &form).await.text().await.expect("text");
    assert_eq!(page.matches("id=\"confirm-error\"").count(), 1);
    assert_eq!(bo.get_json(&path).await.0, 404);
    socket.expect_none("room").await;
    // Changing anything else asks for nothing.
    assert_eq!(
        mei.submit("patch", &path, &[("kind", "closed"), ("topic", "x")])
            .await,
        303
    );
    socket.expect("room").await;
    assert_eq!(
        mei.submit("patch", &path, &[("kind", "open"), ("confirm", " Tea ")])
            .await,
        303
    );
    assert_eq!(socket.expect("room").await["room"]["kind"], "open");
    assert_eq!(bo.join(&id).await, 303);
    for (person, is_told) in [(&li, true), (&mei, true), (&bo, false)] {
        let page = person.page(&path).await;
        assert_eq!(page.contains("room-opened"), is_told, "{}", person.name);
    }
    let open = mei.create_room("open", "Square", &[]).await;
    assert!(
        !mei.page(&format!("/rooms/{open}"))
            .await
            .contains("id=\"room-opened\"")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_at_a_window_see_that_their_room_is_open_now() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let id = mei.create_room("closed", "Tea", &[&li]).await;
    let browser = Browser::signed_in(&server, &li).await;
    let form = [("kind", "open"), ("confirm", "Tea")];
    assert_eq!(mei.submit("patch", &format!("/rooms/{id}"), &form).await, 303);
    browser
        .wait_until(
            "the toast names the room",
            "return /Tea.*now open/.test(document.querySelector('#toast').innerText)",
        )
        .await;
    browser
        .visit(&format!("/rooms/{id}?member=invited#people"))
        .await;
    browser.wait_until_connected().await;
    browser.find("#member-told").await;
    browser.find("#room-opened").await;
    browser.check_accessibility("a room that became open").await;
}
