//! Value types that are stored in text columns.

/// Lets Diesel write a type with `as_str` to `Text` columns, and read it by the given conversion from `String`. The type
/// must derive `AsExpression` (for `Text`) and `FromSqlRow`.
macro_rules! text_column {
    ($name:ident, $from_text:expr) => {
        impl<B: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, B>
            for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, B>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, B>,
            ) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        impl<B: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, B>
            for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, B>,
        {
            fn from_sql(bytes: B::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let from_text: fn(String) -> diesel::deserialize::Result<Self> = $from_text;
                from_text(String::from_sql(bytes)?)
            }
        }
    };
}

/// Defines an enum with one text per variant, stored in `Text` columns and written as that text by `Display` and
/// `serde`.
macro_rules! text_enum {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, diesel::expression::AsExpression,
            diesel::deserialize::FromSqlRow, serde::Serialize,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        $visibility enum $name {
            $($(#[$variant_attribute])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Returns the stored text.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Returns the value with this text, if there is one.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        crate::models::values::text_column::text_column!($name, |text| {
            Self::parse(&text).ok_or_else(|| format!("unknown {}: {text}", stringify!($name)).into())
        });
    };
}

pub(in crate::models) use {text_column, text_enum};
