//! Text columns that hold the values of a `text_enum!`.

use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Text;

use super::user_status::{Role, Status};
use crate::models::user::direct_message_policy::DirectMessagePolicy;
use crate::protocol::{NotificationLevel, RoomKind};

macro_rules! text_column {
    ($($name:ident),+) => {$(
        const _: () = {
            #[derive(AsExpression, FromSqlRow)]
            #[diesel(foreign_derive, sql_type = Text)]
            #[expect(dead_code, reason = "carries the derives, which apply to the type in it")]
            struct Proxy($name);
        };

        impl<B: Backend> ToSql<Text, B> for $name
        where
            str: ToSql<Text, B>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, B>) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        impl<B: Backend> FromSql<Text, B> for $name
        where
            String: FromSql<Text, B>,
        {
            fn from_sql(bytes: B::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = String::from_sql(bytes)?;
                Self::parse(&text).ok_or_else(|| {
                    format!("unknown {}: {text}", stringify!($name)).into()
                })
            }
        }
    )+};
}

text_column!(
    DirectMessagePolicy,
    NotificationLevel,
    Role,
    RoomKind,
    Status
);
