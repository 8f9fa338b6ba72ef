//! Is it alive, and can it work?

use crate::support::{Person, Teahouse};

#[tokio::test]
async fn a_healthy_program_says_so_to_anybody() {
    let house = Teahouse::start();
    let visitor = Person::visitor(&house);
    for path in ["/healthz", "/readyz"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers().get("set-cookie").is_none(), "{path}");
    }
}

#[tokio::test]
async fn without_its_tables_it_is_alive_but_not_ready() {
    let house = Teahouse::start();
    let visitor = Person::visitor(&house);
    let back = house.command(&["migrate", "--revert-all"]);
    assert!(back.status.success(), "{back:?}");
    assert_eq!(visitor.get("/readyz").await.status(), 503);
    assert_eq!(visitor.get("/healthz").await.status(), 200);
    assert!(house.command(&["migrate"]).status.success());
    assert_eq!(visitor.get("/readyz").await.status(), 200);
}
