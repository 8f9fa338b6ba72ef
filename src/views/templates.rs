//! Renders templates. Errors are `Internal` with the template engine's message.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_templates::fluent_bundle::FluentValue;
use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Kwargs, State, Tera, TeraResult, Value};

use super::locale::Locale;
use crate::error::{Error, Result};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Files;

/// Data of one template.
pub trait View: Serialize {
    /// Path below `templates/`.
    const TEMPLATE: &'static str;
}

/// All templates, parsed on first use.
static TEMPLATES: LazyLock<TeraResult<Tera>> = LazyLock::new(parse);

/// The embedded templates.
#[derive(Clone, Copy)]
pub struct Templates(());

impl Templates {
    /// Checks the templates in debug builds, which read them from the file system.
    pub fn load() -> Result<Self> {
        if cfg!(debug_assertions) {
            TEMPLATES.as_ref().map_err(Error::internal)?;
        }
        Ok(Self(()))
    }

    /// Renders a view.
    pub fn render<V: View>(&self, view: &V) -> Result<String> {
        let context = Context::from_serialize(view).map_err(Error::internal)?;
        let templates = TEMPLATES.as_ref().map_err(Error::internal)?;
        templates
            .render(V::TEMPLATE, &context)
            .map_err(Error::internal)
    }
}

fn parse() -> TeraResult<Tera> {
    let mut tera = Tera::new();
    tera.register_function("t", translate);
    let file = |name: Cow<'static, str>| {
        let file = Files::get(&name)?;
        Some((name, String::from_utf8_lossy(&file.data).into_owned()))
    };
    tera.add_raw_templates(Files::iter().filter_map(file))?;
    Ok(tera)
}

/// `t(key="some-id", name=value)`: a message in the page's language (`lang`).
fn translate(kwargs: Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let key: &str = kwargs.must_get("key")?;
    let lang: Option<Value> = state.get("lang")?;
    let locale = Locale::from_tag(lang.as_ref().and_then(Value::as_str).unwrap_or_default());
    let has_args = kwargs.iter().nth(1).is_some();
    if let (false, Some(text)) = (has_args, locale.static_text(key)) {
        return Ok(text.into());
    }
    let args: HashMap<Cow<'static, str>, FluentValue<'_>> = kwargs
        .iter()
        .filter_map(|(name, value)| Some((name.as_str()?.to_owned().into(), fluent_value(value))))
        .collect();
    Ok(locale.translate_with(key, &args).into())
}

fn fluent_value(value: &Value) -> FluentValue<'static> {
    match value.as_i64() {
        Some(number) if value.is_number() => FluentValue::from(number),
        _ => FluentValue::from(value.to_string()),
    }
}
