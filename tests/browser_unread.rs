//! Unread counts that change live, in Chromium: they are what a reload says.

use crate::browser::nothing_to_complain_about;
use crate::support::{Browser, Teahouse, eventually, line_of};
use serde_json::{Value, json};

/// A window's counts of a room: unread, and whether it mentions its person.
const SHOWN: &str = "return ((line) => line && [Number(line.dataset.unread), !!line.querySelector('.rooms-mention')])";

async fn shows(browser: &Browser, room: &str, unread: u32, is_mentioned: bool, what: &str) {
    let selector = line_of(room);
    let expected = json!([unread, is_mentioned]);
    let script = format!("{SHOWN}(document.querySelector(\"{selector}\"))");
    let mut last = Value::Null;
    let reached = tokio::time::timeout(crate::support::PATIENCE, async {
        loop {
            last = browser.script(&script).await;
            if last == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    let is_reached = reached.await.is_ok();
    assert!(is_reached, "{what}: {last}, not {expected}");
}

async fn title_is(browser: &Browser, count: u32) {
    let script = match count {
        0 => "return !document.title.includes('(')".to_owned(),
        count => format!("return document.title.includes('({count})')"),
    };
    browser
        .until(&format!("the title says {count}"), &script)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_and_deleted_messages_lower_and_raise_no_count_in_other_windows() {
    let (house, [ana, bo]) = Teahouse::with_people(["Ana", "Bo"]).await;
    let room = ana.make_room("closed", "tea", &[&bo]).await;
    let everything = [("involvement", "everything")];
    let path = format!("/rooms/{room}/involvement");
    assert_eq!(bo.act("put", &path, &everything).await, 303);
    ana.say_in(&room, "before you came, @Bo").await;
    ana.say_in(&room, "and this").await;
    let (here, there) = tokio::join!(Browser::of(&house, &bo), Browser::of(&house, &bo));
    for browser in [&here, &there] {
        shows(browser, &room, 2, true, "at first").await;
        title_is(browser, 2).await;
    }
    // Bo writes from a third device while others' messages are unread: no window counts it.
    bo.say_in(&room, "mine, from elsewhere").await;
    ana.say_in(&room, "4 @Bo").await;
    for browser in [&here, &there] {
        shows(browser, &room, 3, true, "after my own").await;
    }
    for (seq, unread, is_mentioned) in [(2, 2, true), (4, 1, true), (1, 0, false)] {
        assert_eq!(ana.erase(&room, seq).await, 204);
        for browser in [&here, &there] {
            shows(browser, &room, unread, is_mentioned, "deleted").await;
            title_is(browser, unread).await;
        }
    }
    // An edit that mentions Bo in a message that no window saw arrive, and takes it back.
    ana.say_in(&room, "5").await;
    there.driver.refresh().await.expect("reloaded");
    there.connected().await;
    ana.edit(&room, 5, "5 @Bo").await;
    for browser in [&here, &there] {
        shows(browser, &room, 1, true, "edited").await;
    }
    ana.edit(&room, 5, "5 again").await;
    for browser in [&here, &there] {
        shows(browser, &room, 1, false, "edited again").await;
    }
    // Set back, with my own messages after the mark.
    let path = format!("/rooms/{room}/read_mark");
    let fields = [("seq", "3"), ("unread", "true")];
    assert_eq!(bo.act("put", &path, &fields).await, 303);
    bo.say_in(&room, "mine again").await;
    ana.say_in(&room, "7").await;
    for browser in [&here, &there] {
        shows(browser, &room, 2, false, "set back").await;
        browser.driver.refresh().await.expect("reloaded");
        browser.connected().await;
        shows(browser, &room, 2, false, "reloaded").await;
    }
    // The window in which Bo writes while the other one shows another room.
    here.go_into(&room).await;
    shows(&there, &room, 0, false, "read").await;
    here.say("at the end").await;
    eventually("it is stored", || async {
        (bo.room(&room).await["seq"] == 8).then_some(())
    })
    .await;
    shows(&there, &room, 0, false, "written in the other window").await;
    title_is(&there, 0).await;
    nothing_to_complain_about(&[&here, &there]).await;
}
