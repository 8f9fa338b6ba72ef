//! The same request from twelve connections at once: every route answers as it does to one, on both databases.

use crate::support::pictures::{file, picture};
use crate::support::{Person, Teahouse};
use futures_util::future::join_all;
use image::ImageFormat;
use reqwest::{Method, RequestBuilder};
use std::collections::{BTreeMap, BTreeSet};

const AT_ONCE: usize = 12;
const TABLE: &str = include_str!("concurrent_writes.tsv");

/// A line of the table: the route, who asks, what is sent, and the statuses that are as they should be.
struct Row<'a> {
    route: &'a str,
    who: &'a str,
    path: &'a str,
    body: &'a str,
    allowed: Vec<u16>,
}

fn rows() -> Vec<Row<'static>> {
    let lines = TABLE.lines();
    let lines = lines.filter(|line| !line.starts_with('#') && !line.is_empty());
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('\t').collect();
        let [route, who, path, body, allowed] = cells[..] else {
            panic!("five cells: {line}");
        };
        let statuses = allowed.split(' ').map(|status| status.parse());
        Row {
            route,
            who,
            path,
            body,
            allowed: statuses.map(|status| status.expect("a status")).collect(),
        }
    };
    lines.map(row).collect()
}

/// The programs and people of the table, and what stands for the ids in it.
struct Stage {
    house: Teahouse,
    verifying: Teahouse,
    people: BTreeMap<&'static str, Person>,
    ids: BTreeMap<&'static str, String>,
    picture: Vec<u8>,
}

impl Stage {
    async fn set() -> Self {
        let house = Teahouse::with(&[
            ("TEAHOUSE__GITHUB__CLIENT_ID", "teahouse"),
            ("TEAHOUSE__GITHUB__CLIENT_SECRET", "a client's secret"),
        ]);
        let verifying = house.beside_with(&[("TEAHOUSE__VERIFICATION__ENABLED", "true")]);
        let mut people = BTreeMap::from([("visitor", Person::visitor(&house))]);
        for name in ["admin", "Ming", "Ana", "Bo", "Leaver", "Deleted", "Guest"] {
            people.insert(name, Person::register(&house, name).await);
        }
        let (ming, ana) = (&people["Ming"], &people["Ana"]);
        let room = ming.make_room("closed", "the room", &[ana]).await;
        let open = ming.make_room("open", "the open room", &[]).await;
        let doomed = ming.make_room("open", "the doomed room", &[ana]).await;
        let direct = ming.direct(&["Ana"]).await;
        for place in [&room, &direct] {
            for n in 1..=2 {
                ming.say_in(place, &format!("message {n}")).await;
            }
        }
        let guests = people["Guest"]
            .make_room("closed", "the guests' room", &[])
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
            ("NEW", Person::visitor(&house).phone[1..].to_owned()),
            ("CLIENT", crate::support::client_id()),
        ]);
        Self {
            house,
            verifying,
            people,
            ids,
            picture: file(&picture(64, 64), ImageFormat::Jpeg),
        }
    }

    fn filled_in(&self, text: &str) -> String {
        let ids = self.ids.iter();
        ids.fold(text.to_owned(), |text, (name, id)| {
            text.replace(&format!("<{name}>"), id)
        })
    }

    fn request(&self, row: &Row) -> RequestBuilder {
        let (method, _) = row.route.split_once(' ').expect("METHOD /path");
        let method: Method = method.parse().expect("a method");
        let (name, at) = row.who.split_once('@').unwrap_or((row.who, ""));
        let person = &self.people[name];
        let person = match at {
            "verifying" => person.at(&self.verifying),
            _ => person.at(&self.house),
        };
        let path = self.filled_in(row.path);
        let request = person.request(method, &path);
        let body = self.filled_in(row.body);
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
async fn twelve_of_the_same_request_at_once_are_answered_like_one() {
    let stage = Stage::set().await;
    let list = stage.house.command(&["routes"]);
    let routes = list.stdout.lines().filter(|line| line.contains(" /"));
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let routes: BTreeSet<_> = routes.map(squeezed).collect();
    let rows = rows();
    let tried: BTreeSet<_> = rows.iter().map(|row| row.route.to_owned()).collect();
    let untried: Vec<_> = routes.difference(&tried).collect();
    assert!(untried.is_empty(), "routes without a row: {untried:?}");
    let mut wrong = Vec::new();
    for row in &rows {
        let requests = (0..AT_ONCE).map(|_| stage.request(row).send());
        let answers = join_all(requests).await;
        let statuses = answers.into_iter().map(|answer| {
            let answer = answer.map_err(|error| println!("{}: {error}", row.route));
            answer.map_or(0, |answer| answer.status().as_u16())
        });
        let mut counts = BTreeMap::new();
        for status in statuses {
            *counts.entry(status).or_insert(0) += 1;
        }
        println!("{} {}: {counts:?}", row.who, row.route);
        if counts.keys().any(|status| !row.allowed.contains(status)) {
            wrong.push(format!(
                "{} {} {}: {counts:?}",
                row.who, row.route, row.path
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
