//! The server's cookies are found among any other cookies in the `Cookie` header.

use crate::support::raw_http::{exchange, status, values};
use crate::support::{Person, Teahouse};

/// Sends a request with these raw `Cookie` headers.
async fn get(server: &Teahouse, path: &str, cookies: &[Vec<u8>]) -> String {
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
        server.host()
    )
    .into_bytes();
    for cookie in cookies {
        request.extend([b"Cookie: ", &cookie[..], b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    exchange(server.host(), &request).await
}

/// Returns `Cookie` headers, one or several, that contain the cookie among others.
fn headers_with(cookie: &str) -> Vec<Vec<Vec<u8>>> {
    let cookie = cookie.as_bytes();
    let before = |text: &[u8]| vec![[text, cookie].concat()];
    let after = |text: &[u8]| vec![[cookie, text].concat()];
    let many: String = (0..200).map(|n| format!("other{n}=value{n}; ")).collect();
    vec![
        before(b""),
        before(b"other=\xff; "),
        after(b"; other=\xe9t\xe9"),
        before(b"\xfe\xff=x; "),
        before(b"\xff; "),
        before(b"no-pair; "),
        before(b"=nameless; "),
        before(b"=; ;;; "),
        before(b"quoted=\"a b\"; "),
        before(b"open=\"a; "),
        before(b"list=a,b,c; "),
        before(b"json={\"a\":[1,2]}; "),
        before(b"bad%zz=%zz%; "),
        before(b"teahouse2=x; "),
        before("utf8=\u{8336}\u{9986}; ".as_bytes()),
        before(many.as_bytes()),
        after(b";"),
        after(b" ; "),
        vec![b"other=\xff".to_vec(), cookie.to_vec()],
        vec![cookie.to_vec(), b"other=\xff".to_vec()],
        vec![b"".to_vec(), cookie.to_vec(), b";".to_vec()],
    ]
}

#[tokio::test]
async fn foreign_cookies_never_hide_the_session() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for cookies in headers_with(&ming.cookie()) {
        let text: Vec<_> = cookies.iter().map(|c| String::from_utf8_lossy(c)).collect();
        for path in ["/rooms/1", "/api/auth_user"] {
            let response = get(&server, path, &cookies).await;
            assert_eq!(status(&response), 200, "{path} {text:?}");
        }
    }
    // Foreign cookies alone authenticate no user and cause no error.
    for cookies in headers_with("other=x") {
        assert_eq!(status(&get(&server, "/rooms/1", &cookies).await), 303);
        assert_eq!(status(&get(&server, "/login", &cookies).await), 200);
    }
}

#[tokio::test]
async fn valid_session_is_chosen_among_several() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let other = ming.on_another_device(&server).await;
    let (ended, valid) = (other.cookie(), ming.cookie());
    other.sign_out().await;
    for first in [
        "teahouse=",
        "teahouse=junk",
        "teahouse=%ff%00",
        "teahouse=\"\"",
        &format!("teahouse={}", "A".repeat(90)),
        &ended,
    ] {
        for pair in [[first, &valid], [&valid, first]] {
            let one = vec![pair.join("; ").into_bytes()];
            let two = pair.map(|cookie| cookie.as_bytes().to_vec()).to_vec();
            for cookies in [one, two] {
                let response = get(&server, "/api/auth_user", &cookies).await;
                assert_eq!(status(&response), 200, "{pair:?}");
            }
        }
    }
    let both_ended = vec![format!("{ended}; {ended}").into_bytes()];
    assert_eq!(status(&get(&server, "/rooms/1", &both_ended).await), 303);
}

#[tokio::test]
async fn other_cookies_of_the_server_are_found() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let room = ming
        .post("/rooms", &[("name", "Tea"), ("kind", "open")])
        .await;
    let room = crate::support::status_and_location(&room).1.to_owned();
    ming.page(&room).await;
    let cookies = ming.cookies();
    assert!(cookies.contains("teahouse-room="), "{cookies}");
    for foreign in [&b"a=\xff; "[..], b"teahouse-room=x; a=\xff; "] {
        let header = [foreign, cookies.as_bytes()].concat();
        let response = get(&server, "/", &[header]).await;
        assert_eq!(values(&response, "location"), [room.as_str()]);
    }
}

#[tokio::test]
async fn trusted_browser_is_recognized_among_foreign_cookies() {
    let server = Teahouse::configured("throttle.enabled=true throttle.sign_in_failures=3");
    let ming = Person::register(&server, "Ming").await;
    let cookies = ming.cookies();
    let mut all = cookies.split("; ");
    let browser = all.find(|cookie| cookie.starts_with("teahouse-browser="));
    let browser = browser.expect("the browser's cookie");
    let sign_in = async |cookie: &[u8], password: &str| {
        let body = format!("phone=%2B{}&password={password}", &ming.phone[1..]);
        let mut request = format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nCookie: ",
            server.host(),
            body.len()
        )
        .into_bytes();
        request.extend([cookie, b"\r\n\r\n", body.as_bytes()].concat());
        status(&exchange(server.host(), &request).await)
    };
    // Failed logins from unknown browsers lock the number for unknown browsers …
    for _ in 0..5 {
        sign_in(b"a=b", "wrong+wrong+wrong").await;
    }
    let password = crate::support::person::PASSWORD.replace(' ', "+");
    assert_eq!(sign_in(b"a=\xff", &password).await, 429);
    // … and not for a trusted one.
    for foreign in [&b"a=\xff; "[..], b"teahouse-browser=junk.junk; "] {
        let cookie = [foreign, browser.as_bytes()].concat();
        assert_eq!(sign_in(&cookie, &password).await, 303);
    }
}
