//! Open rooms: the directory lists all of them, and a closed room can be opened.

use crate::support::{Browser, Person, Teahouse, pairs, words};
use reqwest::Method;
use serde_json::json;

/// Returns the names in a directory page and the link to its next page.
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

async fn all_pages(person: &Person, first: &str, list: &str) -> (Vec<String>, usize) {
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
async fn directory_pages_list_every_open_room_in_order() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    for n in 0..230 {
        // Repeated names, and names that the search finds.
        let name = match n % 2 {
            0 => format!("tea & cake {n:03}"),
            _ => format!("spam {:02}", n % 20),
        };
        server.database().add_room("open", &name, &[]);
    }
    let (all, pages) = all_pages(&li, "/rooms", "open-rooms").await;
    assert_eq!((all.len(), pages), (230, 3));
    assert!(all.is_sorted());
    let page = li.page("/rooms").await;
    let is_shown = page.contains("joined: 230<") && page.contains("of 230");
    assert!(is_shown, "{page}");
    let (found, pages) = all_pages(&li, "/rooms?search=Tea+%26+cake", "open-rooms").await;
    assert_eq!((found.len(), pages), (115, 2));
    let is_match = |name: &String| name.starts_with("tea &amp; cake");
    assert!(found.iter().all(is_match), "{found:?}");
    // Malformed cursors and cursors after the last room.
    for after in words("nonsense 1 9.%F0%9F%8D%B5 . 99999999999999999999.x") {
        let status = mei.get(&format!("/rooms?after={after}")).await.status();
        assert_eq!(status, 200, "{after}");
    }
}

#[tokio::test]
async fn people_pages_list_every_user_in_order() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    for n in 0..104 {
        Person::register(&server, &format!("guest_{n:03}")).await;
    }
    let (all, pages) = all_pages(&mei, "/people?search=guest", "directory-people").await;
    assert_eq!((all.len(), pages), (104, 2));
    assert!(all.is_sorted());
}

#[tokio::test]
async fn opening_a_closed_room_requires_its_name_and_notifies_its_members() {
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
        let is_wrong = answer["errors"]["confirm"].is_string();
        assert_eq!((status, is_wrong), (422, true), "{answer}");
    }
    let form = pairs("_method=patch kind=open name=Tea confirm=x");
    let page = mei.post(&path, &form).await.text().await.expect("text");
    assert_eq!(page.matches("id=\"confirm-error\"").count(), 1);
    assert_eq!(bo.get_json(&path).await.0, 404);
    socket.expect_none("room").await;
    // Other changes need no confirmation.
    let form = [("kind", "closed"), ("topic", "x")];
    assert_eq!(mei.submit("patch", &path, &form).await, 303);
    socket.expect("room").await;
    let form = [("kind", "open"), ("confirm", " Tea ")];
    assert_eq!(mei.submit("patch", &path, &form).await, 303);
    assert_eq!(socket.expect("room").await["room"]["kind"], "open");
    assert_eq!(bo.join(&id).await, 303);
    for (person, is_notified) in [(&li, true), (&mei, true), (&bo, false)] {
        let page = person.page(&path).await;
        assert_eq!(page.contains("room-opened"), is_notified, "{}", person.name);
    }
    let open = mei.create_room("open", "Square", &[]).await;
    let page = mei.page(&format!("/rooms/{open}")).await;
    assert!(!page.contains("id=\"room-opened\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toast_and_notice_tell_members_that_their_room_was_opened() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let id = mei.create_room("closed", "Tea", &[&li]).await;
    let browser = Browser::signed_in(&server, &li).await;
    let form = [("kind", "open"), ("confirm", "Tea")];
    mei.submit_ok("patch", &format!("/rooms/{id}"), &form).await;
    browser
        .wait_until(
            "the toast names the room",
            "return /Tea.*now open/.test(document.querySelector('#toast').innerText)",
        )
        .await;
    let path = format!("/rooms/{id}?member=invited#people");
    browser.visit_room(&path).await;
    browser.find("#member-told").await;
    browser.find("#room-opened").await;
    browser.check_accessibility("a room that was opened").await;
}
