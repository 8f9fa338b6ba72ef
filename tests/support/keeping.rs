//! What people do with rooms, by the forms of the pages.

use super::Person;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

impl Person {
    /// Makes a room with these members, who accept where they were only invited, and returns its id.
    pub async fn make_room(&self, kind: &str, name: &str, members: &[&Self]) -> String {
        let mut form = vec![("name", name), ("kind", kind)];
        form.extend(members.iter().map(|member| ("members", &*member.name)));
        let answer = self.post("/rooms", &form).await;
        let room = room_of(answer).await;
        for member in members {
            member.accept(&room).await;
        }
        room
    }

    /// My pending invitations, as programs see them.
    pub async fn invitations(&self) -> Vec<Value> {
        let (status, list) = self.get_json("/invitations").await;
        assert_eq!(status, StatusCode::OK, "{list}");
        list.as_array().expect("a bare array").clone()
    }

    /// Accepts what invitation there is into a room; returns whether there was one.
    pub async fn accept(&self, room: &str) -> bool {
        let (status, list) = self.get_json("/invitations").await;
        let pending = list.as_array().filter(|_| status == 200);
        let wanted = pending.and_then(|all| all.iter().find(|one| one["room"]["id"] == room));
        let Some(wanted) = wanted else {
            return false;
        };
        let path = format!("/invitations/{}", wanted["id"].as_str().expect("an id"));
        assert_eq!(self.act("put", &path, &[]).await, 303);
        true
    }

    /// Finds or makes the direct room with these people, each by username or phone number.
    pub async fn direct(&self, to: &[&str]) -> String {
        let form: Vec<_> = to.iter().map(|name| ("to", *name)).collect();
        room_of(self.post("/directs", &form).await).await
    }

    /// A form whose verb is another one; answers the status.
    pub async fn act(&self, verb: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        let mut form = fields.to_vec();
        if verb != "post" {
            form.push(("_method", verb));
        }
        self.post(path, &form).await.status().as_u16()
    }

    pub async fn enter(&self, room: &str) -> u16 {
        self.act("post", &format!("/rooms/{room}/membership"), &[])
            .await
    }

    pub async fn leave(&self, room: &str) -> u16 {
        self.act("delete", &format!("/rooms/{room}/membership"), &[])
            .await
    }

    pub async fn invite(&self, room: &str, whom: &Self) -> u16 {
        let form = [("username", &*whom.name)];
        self.act("post", &format!("/rooms/{room}/members"), &form)
            .await
    }

    /// Invites somebody, who accepts if they must.
    pub async fn add_member(&self, room: &str, whom: &Self) {
        assert_eq!(self.invite(room, whom).await, 303);
        whom.accept(room).await;
    }

    pub async fn remove(&self, room: &str, whom: &Self) -> u16 {
        let form = [("username", &*whom.name)];
        self.act("delete", &format!("/rooms/{room}/members"), &form)
            .await
    }

    /// Any verb with JSON; an answer without a body is `null`.
    pub async fn json(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self
            .request(method, path)
            .header("accept", "application/json");
        let answer = request.json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Changes the text of a message.
    pub async fn edit(&self, room: &str, seq: i64, content: &str) -> (u16, Value) {
        let path = format!("/rooms/{room}/messages/{seq}");
        self.json(Method::PATCH, &path, json!({"content": content}))
            .await
    }

    /// Deletes a message; answers the status.
    pub async fn erase(&self, room: &str, seq: i64) -> u16 {
        let path = format!("/rooms/{room}/messages/{seq}");
        self.json(Method::DELETE, &path, json!({})).await.0
    }

    /// Sets what is read up to `seq`; answers the status.
    pub async fn has_read(&self, room: &str, seq: i64) -> u16 {
        let path = format!("/rooms/{room}/read_mark");
        self.json(Method::PUT, &path, json!({"seq": seq})).await.0
    }

    /// My rooms, as the API tells.
    pub async fn rooms(&self) -> Vec<Value> {
        let (status, list) = self.get_json("/api/rooms").await;
        assert_eq!(status, StatusCode::OK, "{list}");
        list.as_array().expect("a bare array").clone()
    }

    /// One of my rooms, as the API tells; `null` when I am not in it.
    pub async fn room(&self, id: &str) -> Value {
        let rooms = self.rooms().await;
        rooms
            .into_iter()
            .find(|room| room["id"] == id)
            .unwrap_or(Value::Null)
    }
}

/// The room that an answer leads to.
async fn room_of(answer: Response) -> String {
    let status = answer.status();
    let location = answer.headers().get("location").cloned();
    let text = answer.text().await.unwrap_or_default();
    assert_eq!(status, 303, "{text}");
    let location = location.expect("a location");
    let path = location.to_str().expect("text");
    path.strip_prefix("/rooms/").expect("a room").to_owned()
}
