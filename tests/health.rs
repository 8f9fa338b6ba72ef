//! `/healthz` and `/readyz`.

use crate::support::{Person, Teahouse};

#[tokio::test]
async fn healthy_server_is_alive_and_ready() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    for path in ["/healthz", "/readyz"] {
        let response = visitor.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.headers().get("set-cookie").is_none(), "{path}");
    }
}

#[tokio::test]
async fn server_without_tables_is_alive_but_not_ready() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    server
        .command(&["migrate", "--revert-all"])
        .expect_success();
    assert_eq!(visitor.get("/readyz").await.status(), 503);
    assert_eq!(visitor.get("/healthz").await.status(), 200);
    assert!(server.command(&["migrate"]).status.success());
    assert_eq!(visitor.get("/readyz").await.status(), 200);
}
