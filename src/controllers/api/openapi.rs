//! The OpenAPI document.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::Value;

use super::connections::Connections;
use super::conversations::ConversationView;
use super::sessions::{SignIn, Token};
use crate::controllers::errors::{Failure, FieldErrors};
use crate::error::{Error, Result};
use crate::protocol::Room;
use crate::protocol::commands::Changes;

/// Routes, parameters, request bodies and statuses. The schemas of the responses are made from their types.
const ROUTES: &str = include_str!("../../../docs/openapi.json");

static DOCUMENT: LazyLock<serde_json::Result<String>> = LazyLock::new(|| {
    let mut document: Value = serde_json::from_str(ROUTES)?;
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    for (name, schema) in response_schemas().take_definitions(true) {
        document["components"]["schemas"][name] = schema;
    }
    serde_json::to_string(&document)
});

/// Types that these contain, such as `Message` and `User`, are included.
fn response_schemas() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings =
        settings.with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    generator.subschema_for::<Changes>();
    generator.subschema_for::<Connections>();
    generator.subschema_for::<ConversationView>();
    generator.subschema_for::<Failure>();
    generator.subschema_for::<FieldErrors>();
    generator.subschema_for::<Room>();
    generator.subschema_for::<SignIn>();
    generator.subschema_for::<Token>();
    generator
}

/// `GET /api/openapi.json`
pub async fn show() -> Result<HttpResponse> {
    let document = DOCUMENT.as_ref().map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header(header::ContentType::json())
        .body(document.as_str()))
}
