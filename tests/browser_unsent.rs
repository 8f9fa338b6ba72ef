//! What is not sent, in Chromium: refused messages, and those for which there is no place any more; and a newer program.

use crate::browser::{MING, nothing_to_complain_about};
use crate::support::{Browser, Network, Person, Profile, Teahouse, eventually};

pub const DRAFT: &str = "return document.querySelector('#composer-content').value";

pub fn said(house: &Teahouse) -> Vec<String> {
    let lines = house.database().transcript();
    lines.into_iter().map(|line| line.content).collect()
}

pub async fn ming_at(house: &Teahouse) -> Browser {
    let ming = Browser::open(house, Profile::English).await;
    ming.look_at().await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming
}

/// Waits until the dialog's list holds this text.
pub async fn listed(browser: &Browser, text: &str) {
    let script = format!(
        "return document.querySelector('dialog .dialog-list')?.innerText.includes('{text}')"
    );
    browser.until(&format!("{text:?} is listed"), &script).await;
}

pub async fn draft_is(browser: &Browser, text: &str) {
    let script = format!("{DRAFT} === '{text}'");
    browser.until(&format!("{text:?} is begun"), &script).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_stays_refused_until_it_is_tried_again_or_discarded() {
    let house = Teahouse::start();
    let ming = ming_at(&house).await;
    let bo = Person::register(&house, "Bo").await;
    let direct = bo.direct(&["Ming"]).await;
    bo.say_in(&direct, "hello").await;
    let block = |how| bo.post("/blocks", how);
    assert_eq!(block(&[("username", "Ming")]).await.status(), 303);
    ming.go_into(&direct).await;
    for text in ["one", "two"] {
        ming.say(text).await;
    }
    let failed = "return document.querySelectorAll('#messages .message[data-state=failed] .message-status').length === 2";
    ming.until("both are refused", failed).await;
    ming.suits_everybody("refused messages").await;
    ming.driver.refresh().await.expect("reloaded");
    ming.connected().await;
    ming.until("both are still refused", failed).await;
    // In another room the list says so.
    ming.go_into("1").await;
    let mark = ".rooms-progress[data-progress=failed]";
    ming.find(&format!("[data-room-id='{direct}'] {mark}"))
        .await;
    ming.say("elsewhere all is well").await;
    ming.sees("elsewhere all is well").await;
    ming.go_into(&direct).await;
    let undo = [("username", "Ming"), ("_method", "delete")];
    assert_eq!(bo.post("/blocks", &undo).await.status(), 303);
    ming.press("#messages .message[data-state=failed] [data-action=retry]")
        .await;
    ming.sees("one").await;
    ming.press("#messages .message[data-state=failed] [data-action=copy]")
        .await;
    ming.until(
        "it says so",
        "return document.querySelector('#toast').innerText !== ''",
    )
    .await;
    ming.press("#messages .message[data-state=failed] [data-action=discard]")
        .await;
    ming.keeps(0).await;
    assert_eq!(ming.texts().await, ["hello", "one"]);
    assert_eq!(said(&house), ["hello", "elsewhere all is well", "one"]);
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_for_a_room_that_is_closed_to_me_meanwhile_holds_up_nothing_and_is_not_lost()
 {
    let house = Teahouse::start();
    let network = Network::to(&house).await;
    let ming = Browser::by(&house, &network, Profile::English).await;
    ming.register(MING, "Ming").await;
    let bo = Person::register(&house, "Bo").await;
    let room = bo.make_room("closed", "Backroom", &[]).await;
    let invited = bo
        .post(&format!("/rooms/{room}/members"), &[("username", "Ming")])
        .await;
    assert_eq!(invited.status(), 303);
    ming.accept_invitation().await;
    ming.visit("/rooms/1").await;
    ming.connected().await;
    let first = ming.another_tab().await;
    ming.visit(&format!("/rooms/{room}")).await;
    ming.connected().await;
    network.fail(&ming).await;
    ming.say("behind closed doors").await;
    ming.keeps(1).await;
    ming.close_tab().await;
    ming.go_to_tab(first).await;
    ming.say("in the Lobby").await;
    let gone = [("username", "Ming"), ("_method", "delete")];
    let removed = bo.post(&format!("/rooms/{room}/members"), &gone).await;
    assert_eq!(removed.status(), 303);
    network.come_back(&ming).await;
    ming.sees("in the Lobby").await;
    ming.press("#unsent:not([hidden])").await;
    for text in ["Backroom", "behind closed doors"] {
        listed(&ming, text).await;
    }
    ming.suits_everybody("the list of what was not sent").await;
    ming.press("dialog .dialog-item [data-action=copy]").await;
    let told = "return document.querySelector('dialog .dialog-status').innerText !== ''";
    ming.until("it says so", told).await;
    ming.press("dialog header [data-action=cancel]").await;
    ming.driver.refresh().await.expect("reloaded");
    ming.find("#unsent:not([hidden])").await;
    assert_eq!(said(&house), ["in the Lobby"]);
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_program_offers_to_reload_once() {
    let mut house = Teahouse::start();
    let network = Network::to(&house).await;
    let ming = Browser::by(&house, &network, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming.fill("#composer-content", "begun before").await;
    ming.keeps(1).await;
    network.lead_to_a_newer_house();
    house.kill9();
    house.start_again();
    ming.find("#connection[data-state=updated]").await;
    ming.suits_everybody("the bar of a newer program").await;
    ming.press("#connection [data-action=later]").await;
    ming.find("#connection[data-state=none]").await;
    house.kill9();
    ming.find("#connection[data-state=reconnecting]").await;
    house.start_again();
    ming.find("#connection[data-state=online]").await;
    let quiet = ming
        .find("#connection[data-state=none], #connection[data-state=updated]")
        .await;
    let state = quiet.attr("data-state").await.expect("a state");
    assert_eq!(state.as_deref(), Some("none"), "it asks again");
    draft_is(&ming, "begun before").await;
    // Another page is greeted by the same program as at first: the offer leads there, and the draft comes along.
    ming.visit("/rooms").await;
    ming.visit("/").await;
    ming.press("#connection[data-state=updated] [data-action=reload]")
        .await;
    ming.connected().await;
    draft_is(&ming, "begun before").await;
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_keeps_nothing_says_so() {
    let house = Teahouse::start();
    let network = Network::to(&house).await;
    let ming = Browser::by(&house, &network, Profile::English).await;
    let refuse = "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('no', 'SecurityError') } })";
    ming.runs_in_each_page(refuse).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let asks = "return !dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    ming.say("one").await;
    ming.sees("one").await;
    assert_eq!(ming.script(asks).await, false, "nothing waits");
    network.fail(&ming).await;
    ming.find("#connection[data-state=reconnecting], #connection[data-state=offline]")
        .await;
    ming.say("two").await;
    let words =
        "return document.querySelector('#connection').innerText.includes('lost when you close')";
    ming.until("the bar says so", words).await;
    assert_eq!(ming.script(asks).await, true);
    network.come_back(&ming).await;
    ming.sees("two").await;
    let quiet = "return document.querySelector('#connection').dataset.state === 'none'";
    ming.until("the bar is quiet", quiet).await;
    assert_eq!(ming.script(asks).await, false);
    eventually("both are stored", || async {
        (said(&house) == ["one", "two"]).then_some(())
    })
    .await;
}
