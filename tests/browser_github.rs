//! Linking and unlinking GitHub in Chromium.

use crate::github::with_github;
use crate::support::{Browser, Profile, person::PASSWORD};

const PHONE: &str = "+8613800970001";
const OTHER: &str = "+8613800970002";

/// Checks accessibility and the console in each width and colour scheme.
async fn check_page(browser: &Browser, name: &str) {
    browser.check_accessibility(name).await;
    // The page that leads to GitHub may be left before its icon is loaded.
    let mut errors = browser.console_errors().await;
    errors.retain(|complaint| !complaint.contains("icon from the Manifest"));
    assert_eq!(errors, Vec::<String>::new());
}

/// Scrolls to an element and waits until it contains the text.
async fn wait_for_text(browser: &Browser, id: &str, what: &str) {
    let script = format!(
        "const e = document.getElementById('{id}'); e?.scrollIntoView(); return e?.innerText.includes('{what}') ?? false"
    );
    browser
        .wait_until(&format!("{id} says {what}"), &script)
        .await;
}

async fn sign_out(browser: &Browser) {
    browser.visit("/rooms/1").await;
    browser.sign_out().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_is_linked_used_to_sign_in_and_unlinked() {
    let (_github, server) = with_github();
    let mei = Browser::registered(&server, Profile::English, PHONE, "mei").await;
    mei.visit("/settings/account").await;
    wait_for_text(&mei, "github", "Connect GitHub").await;
    check_page(&mei, "settings").await;
    mei.fill("#github_password", PASSWORD).await;
    mei.click("#github-join button[type=submit]").await;
    // The link is on a page of its own, because the CSP's form-action allows no other site.
    mei.click("#cancel").await;
    wait_for_text(&mei, "github-error", "didn’t give GitHub permission").await;
    mei.fill("#github_password", PASSWORD).await;
    mei.click("#github-join button[type=submit]").await;
    mei.click("#authorize").await;
    wait_for_text(&mei, "github-joined", "GitHub connected").await;
    wait_for_text(&mei, "github-now", "octocat").await;
    assert_eq!(mei.path().await, "/settings/account?saved=github");
    check_page(&mei, "joined").await;
    sign_out(&mei).await;
    check_page(&mei, "login").await;
    mei.click("#github").await;
    mei.click("#cancel").await;
    wait_for_text(&mei, "form-error", "didn’t give GitHub permission").await;
    check_page(&mei, "denied").await;
    mei.click("#github").await;
    mei.click("#authorize").await;
    mei.find("#composer-content").await;
    mei.post("in by GitHub").await;
    mei.visit("/settings/security").await;
    mei.find("#events [data-kind='signed-in-github']").await;
    mei.visit("/settings/account").await;
    mei.fill("#github-leave #github_password", PASSWORD).await;
    mei.click("#github-leave button[type=submit]").await;
    wait_for_text(&mei, "github-left", "GitHub disconnected").await;
    wait_for_text(&mei, "github", "Connect GitHub").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_only_account_cannot_unlink_before_another_login_method_exists() {
    let (_github, server) = with_github();
    let cat = Browser::open(&server, Profile::WithoutScripts).await;
    cat.visit("/register").await;
    cat.find("#github").await;
    cat.visit("/rooms/1").await;
    cat.click("#github").await;
    cat.click("#authorize").await;
    cat.find("#composer-content").await;
    assert_eq!(cat.path().await, "/rooms/1");
    cat.visit("/settings/account").await;
    cat.click("#github-leave button[type=submit]").await;
    wait_for_text(&cat, "github-error", "no longer be able to sign in").await;
    server.execute("UPDATE sessions SET github_at = '2020-01-01 00:00:00.000'");
    cat.fill("#phone", OTHER).await;
    cat.click("#phone-form button[type=submit]").await;
    wait_for_text(&cat, "phone_password-error", "confirm with GitHub").await;
    wait_for_text(&cat, "github-proof", "don’t have a password").await;
    cat.click("#github-confirm button").await;
    cat.click("#authorize").await;
    wait_for_text(&cat, "github-proof", "valid for 10 minutes").await;
    cat.fill("#phone", OTHER).await;
    cat.click("#phone-form button[type=submit]").await;
    cat.find("#phone-number").await;
    cat.fill("#password", PASSWORD).await;
    cat.click("#password-form button[type=submit]").await;
    cat.find("#password-changed").await;
    cat.fill("#github-leave #github_password", PASSWORD).await;
    cat.click("#github-leave button[type=submit]").await;
    wait_for_text(&cat, "github-left", "GitHub disconnected").await;
    sign_out(&cat).await;
    cat.fill("#phone", OTHER).await;
    cat.fill("#password", PASSWORD).await;
    cat.click("#login button[type=submit]").await;
    cat.find("#composer-content").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_user_without_password_are_accessible() {
    let (_github, server) = with_github();
    let cat = Browser::open(&server, Profile::Chinese).await;
    cat.visit("/register").await;
    check_page(&cat, "register").await;
    cat.click("#github").await;
    cat.click("#authorize").await;
    cat.find("#composer-content").await;
    server.execute("UPDATE sessions SET github_at = '2020-01-01 00:00:00.000'");
    cat.visit("/settings/account").await;
    wait_for_text(&cat, "github-proof", "没有设置密码").await;
    check_page(&cat, "passwordless").await;
    cat.click("#github-confirm button").await;
    cat.click("#authorize").await;
    wait_for_text(&cat, "github-proof", "10").await;
    check_page(&cat, "confirmed").await;
}
