//! Unicode text as Teahouse reads it: what is a link, a word, the end of a name, an invisible character, a confusing mix of directions.
//!
//! Pure functions of `&str` and `char`, in linear time; they know nothing of users, rooms or the database.

pub mod bidi;
pub mod characters;
pub mod links;
pub mod name_end;
pub mod script;
