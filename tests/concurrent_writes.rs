//! The same request from twelve connections at once: each route returns its defined statuses on both databases.

use crate::support::images::{file, picture};
use crate::support::{Person, Teahouse};
use futures_util::future::join_all;
use image::ImageFormat;
use reqwest::{Method, RequestBuilder};
use std::collections::{BTreeMap, BTreeSet};

const CONNECTIONS: usize = 12;
const TABLE: &str = include_str!("concurrent_writes.tsv");

/// A row of the table: route, user, body, and the expected statuses.
struct Row<'a> {
    route: &'a str,
    user: &'a str,
    path: &'a str,
    body: &'a str,
    allowed: Vec<u16>,
}

fn rows() -> Vec<Row<'static>> {
    let lines = TABLE.lines();
    let lines = lines.filter(|line| !line.starts_with('#') && !line.is_empty());
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('\t').collect();
        let [route, user, path, body, allowed] = cells[..] else {
            panic!("five cells: {line}");
        };
        let statuses = allowed.split(' ').map(|status| status.parse());
        Row {
            route,
            user,
            path,
            body,
            allowed: statuses.map(|status| status.expect("a status")).collect(),
        }
    };
    lines.map(row).collect()
}

/// The servers and users of the table, and the values of its placeholders.
struct Fixture {
    server: Teahouse,
    verifying: Teahouse,
    people: BTreeMap<&'static str, Person>,
    ids: BTreeMap<&'static str, String>,
    picture: Vec<u8>,
}

impl Fixture {
    async fn new() -> Self {
        let server = Teahouse::configured("github.client_id=teahouse github.client_secret=secret");
        let verifying = server.second_server_with(&[("TEAHOUSE__VERIFICATION__ENABLED", "true")]);
        let mut people = BTreeMap::from([("visitor", Person::visitor(&server))]);
        for name in ["admin", "Ming", "Ana", "Bo", "Leaver", "Deleted", "Guest"] {
            people.insert(name, Person::register(&server, name).await);
        }
        let (ming, ana) = (&people["Ming"], &people["Ana"]);
        let room = ming.create_room("closed", "the room", &[ana]).await;
        let open = ming.create_room("open", "the open room", &[]).await;
        let doomed = ming.create_room("open", "the doomed room", &[ana]).await;
        let direct = ming.direct(&["Ana"]).await;
        for place in [&room, &direct] {
            for n in 1..=2 {
                ming.say_in(place, &format!("message {n}")).await;
            }
        }
        let guests = people["Guest"]
            .create_room("closed", "the guests' room", &[])
            .await;
        let mut invitations = Vec::new();
        for name in ["Bo", "Leaver"] {
            people["Guest"].invite(&guests, &people[name]).await;
            let pending = people[name].invitations().await;
            invitations.push(pending[0]["id"].as_str().expect("an id").to_owned());
        }
        let [accepted, declined] = invitations.try_into().expect("two invitations");
        let ids = BTreeMap::from([
            ("ACCEPTED", accepted),
            ("DECLINED", declined),
            ("ROOM", room),
            ("OPEN", open),
            ("DOOMED", doomed),
            ("DIRECT", direct),
            ("PHONE", ana.phone.clone()),
            ("MINE", ming.phone[1..].to_owned()),
            ("NEW", Person::visitor(&server).phone[1..].to_owned()),
            ("CLIENT", crate::support::client_id()),
        ]);
        Self {
            server,
            verifying,
            people,
            ids,
            picture: file(&picture(64, 64), ImageFormat::Jpeg),
        }
    }

    fn fill_placeholders(&self, text: &str) -> String {
        let ids = self.ids.iter();
        ids.fold(text.to_owned(), |text, (name, id)| {
            text.replace(&format!("<{name}>"), id)
        })
    }

    fn request(&self, row: &Row) -> RequestBuilder {
        let (method, _) = row.route.split_once(' ').expect("METHOD /path");
        let method: Method = method.parse().expect("a method");
        let (name, at) = row.user.split_once('@').unwrap_or((row.user, ""));
        let person = &self.people[name];
        let person = match at {
            "verifying" => person.at(&self.verifying),
            _ => person.at(&self.server),
        };
        let path = self.fill_placeholders(row.path);
        let request = person.request(method, &path);
        let body = self.fill_placeholders(row.body);
        match row.body {
            "-" => request,
            "stream" => request.header("accept", "text/event-stream"),
            "picture" => {
                let mut form = b"--part\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n".to_vec();
                form.extend(&self.picture);
                form.extend(b"\r\n--part--\r\n");
                request
                    .header("content-type", "multipart/form-data; boundary=part")
                    .body(form)
            }
            _ if body.starts_with('{') => request
                .header("content-type", "application/json")
                .header("accept", "application/json")
                .body(body),
            _ => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_identical_concurrent_requests_get_the_expected_statuses() {
    let fixture = Fixture::new().await;
    let list = fixture.server.command(&["routes"]);
    let routes = list.stdout.lines().filter(|line| line.contains(" /"));
    let normalized = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let routes: BTreeSet<_> = routes.map(normalized).collect();
    let rows = rows();
    let tried: BTreeSet<_> = rows.iter().map(|row| row.route.to_owned()).collect();
    let untried: Vec<_> = routes.difference(&tried).collect();
    assert!(untried.is_empty(), "routes without a row: {untried:?}");
    let mut wrong = Vec::new();
    for row in &rows {
        let requests = (0..CONNECTIONS).map(|_| fixture.request(row).send());
        let responses = join_all(requests).await;
        let statuses = responses.into_iter().map(|response| {
            let response = response.map_err(|error| println!("{}: {error}", row.route));
            response.map_or(0, |response| response.status().as_u16())
        });
        let mut counts = BTreeMap::new();
        for status in statuses {
            *counts.entry(status).or_insert(0) += 1;
        }
        if counts.keys().any(|status| !row.allowed.contains(status)) {
            wrong.push(format!(
                "{} {} {}: {counts:?}",
                row.user, row.route, row.path
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
