//! Text columns that hold the values of a type.

use crate::protocol::{NotificationLevel, RoomKind};

/// Lets Diesel read and write a type of texts with `as_str`: a `text_enum!`, or one with a conversion from stored texts.
macro_rules! text_column {
    ($name:ident) => {
        crate::models::values::text_column::text_column!($name, |text| {
            $name::parse(&text)
                .ok_or_else(|| format!("unknown {}: {text}", stringify!($name)).into())
        });
    };
    ($name:ident, $from_text:expr) => {
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{FromSql, FromSqlRow, Result as FromSqlResult};
            use diesel::expression::AsExpression;
            use diesel::serialize::{Output, Result as ToSqlResult, ToSql};
            use diesel::sql_types::Text;

            #[derive(AsExpression, FromSqlRow)]
            #[diesel(foreign_derive, sql_type = Text)]
            #[expect(
                dead_code,
                reason = "carries the derives, which apply to the type in it"
            )]
            struct Proxy($name);

            impl<B: Backend> ToSql<Text, B> for $name
            where
                str: ToSql<Text, B>,
            {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, B>) -> ToSqlResult {
                    self.as_str().to_sql(out)
                }
            }

            impl<B: Backend> FromSql<Text, B> for $name
            where
                String: FromSql<Text, B>,
            {
                fn from_sql(bytes: B::RawValue<'_>) -> FromSqlResult<Self> {
                    let from_text: fn(String) -> FromSqlResult<Self> = $from_text;
                    from_text(String::from_sql(bytes)?)
                }
            }
        };
    };
}

pub(in crate::models) use text_column;

text_column!(NotificationLevel);
text_column!(RoomKind);
