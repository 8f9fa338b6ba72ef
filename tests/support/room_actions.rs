//! Actions of users in rooms, through the forms of the pages.

use super::Person;
use reqwest::{Method, Response};
use serde_json::{Value, json};

impl Person {
    /// Deletes the account with the form.
    pub async fn delete_account(&self, confirm: &str, password: &str) -> Response {
        let (confirm, password) = (("confirm", confirm), ("delete_password", password));
        let form = [("_method", "delete"), confirm, password];
        self.post("/settings/account", &form).await
    }

    /// Creates a room with these members, who accept where they were invited. Returns its id.
    pub async fn create_room(&self, kind: &str, name: &str, members: &[&Self]) -> String {
        let mut form = vec![("name", name), ("kind", kind)];
        form.extend(members.iter().map(|member| ("members", &*member.name)));
        let response = self.post("/rooms", &form).await;
        let room = redirect_room(response).await;
        for member in members {
            member.accept_invitation(&room).await;
        }
        room
    }

    /// Returns the pending invitations.
    pub async fn invitations(&self) -> Vec<Value> {
        let list = self.json_at("/invitations").await;
        list.as_array().expect("a bare array").clone()
    }

    /// Accepts a pending invitation into a room; returns whether there was one.
    pub async fn accept_invitation(&self, room: &str) -> bool {
        let (status, list) = self.get_json("/invitations").await;
        let pending = list.as_array().filter(|_| status == 200);
        let wanted = pending.and_then(|all| all.iter().find(|one| one["room"]["id"] == room));
        let Some(wanted) = wanted else {
            return false;
        };
        let path = format!("/invitations/{}", wanted["id"].as_str().expect("an id"));
        assert_eq!(self.submit("put", &path, &[]).await, 303);
        true
    }

    /// Opens the direct room with these users, given by username or phone number.
    pub async fn direct(&self, to: &[&str]) -> String {
        let form: Vec<_> = to.iter().map(|name| ("to", *name)).collect();
        redirect_room(self.post("/directs", &form).await).await
    }

    /// Submits a form with a method override; returns the status.
    pub async fn submit(&self, verb: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        let mut form = fields.to_vec();
        if verb != "post" {
            form.push(("_method", verb));
        }
        self.post(path, &form).await.status().as_u16()
    }

    /// Like `submit`; the status must be 303.
    pub async fn submit_ok(&self, verb: &str, path: &str, fields: &[(&str, &str)]) {
        assert_eq!(self.submit(verb, path, fields).await, 303, "{verb} {path}");
    }

    pub async fn join(&self, room: &str) -> u16 {
        self.submit("post", &format!("/rooms/{room}/membership"), &[])
            .await
    }

    pub async fn leave(&self, room: &str) -> u16 {
        self.submit("delete", &format!("/rooms/{room}/membership"), &[])
            .await
    }

    pub async fn invite(&self, room: &str, user: &Self) -> u16 {
        let form = [("username", &*user.name)];
        self.submit("post", &format!("/rooms/{room}/members"), &form)
            .await
    }

    /// Adds a member, who accepts an invitation if needed.
    pub async fn add_member(&self, room: &str, user: &Self) {
        assert_eq!(self.invite(room, user).await, 303);
        user.accept_invitation(room).await;
    }

    pub async fn remove(&self, room: &str, user: &Self) -> u16 {
        let form = [("username", &*user.name)];
        self.submit("delete", &format!("/rooms/{room}/members"), &form)
            .await
    }

    /// Sends JSON with any method; an empty response body is `null`.
    pub async fn json(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self
            .request(method, path)
            .header("accept", "application/json");
        let response = request.json(&body).send().await.expect("a response");
        let status = response.status().as_u16();
        let text = response.text().await.expect("text");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn edit(&self, room: &str, seq: i64, content: &str) -> (u16, Value) {
        let path = format!("/rooms/{room}/messages/{seq}");
        self.json(Method::PATCH, &path, json!({"content": content}))
            .await
    }

    /// Deletes a message; returns the status.
    pub async fn delete_message(&self, room: &str, seq: i64) -> u16 {
        let path = format!("/rooms/{room}/messages/{seq}");
        self.json(Method::DELETE, &path, json!({})).await.0
    }

    /// Sets the read position; returns the status.
    pub async fn mark_read(&self, room: &str, seq: i64) -> u16 {
        let path = format!("/rooms/{room}/read_mark");
        self.json(Method::PUT, &path, json!({"seq": seq})).await.0
    }

    /// Returns the user's rooms.
    pub async fn rooms(&self) -> Vec<Value> {
        let list = self.json_at("/api/rooms").await;
        list.as_array().expect("a bare array").clone()
    }

    /// Returns one of the user's rooms; `null` for a non-member.
    pub async fn room(&self, id: &str) -> Value {
        let mut rooms = self.rooms().await.into_iter();
        rooms.find(|room| room["id"] == id).unwrap_or(Value::Null)
    }
}

/// Returns the room id in a redirect.
async fn redirect_room(response: Response) -> String {
    let status = response.status();
    let location = response.headers().get("location").cloned();
    let text = response.text().await.unwrap_or_default();
    assert_eq!(status, 303, "{text}");
    let location = location.expect("a location");
    let path = location.to_str().expect("text");
    path.strip_prefix("/rooms/").expect("a room").to_owned()
}
