//! The request for a list, in every spelling that the contract knows (K-23…K-31). One parser makes
//! one [`Query`] from it, and `select` makes SQL from the query.
//!
//! | question | spellings |
//! |---|---|
//! | filter | `status=ACTIVE`, `status:in=A,B`, `department:null=true`, `total_gt=…` |
//! | filter | `created_at:gte=…`, `created_after=…` |
//! | filter | `filter[status]=…`, `filter[created_at][gte]=…` |
//! | filter of a map | `labels[env]=prod`, `filter[labels][env]=prod` |
//! | order | `sort=created_at:desc,name`, `sort=-created_at` |
//! | page, by cursor | `cursor`+`limit`, `page[cursor]`+`page[limit]` |
//! | page, by offset | `offset`+`limit`, `page[offset]`, `page[number]` |
//! | page, by number | `page`+`per_page` |
//! | page, by row | `after_id`, `after_<key>` |
//! | fields | `fields=a,b`, `fields[users]=a,b` |
//! | relations | `expand`, `include`, `embed` |
//! | text | `search`, `q` |
//!
//! Names may also be spelled in camelCase. An unknown name is refused, and the error lists the
//! known names.

mod cursor;
mod feed;
mod filter;
mod links;
mod names;
mod op;
mod page;
mod problems;
mod query;
mod select;
mod sort;
mod sql;
#[cfg(test)]
mod tests;
mod value;
mod view;

pub use cursor::{Bound, Position, Resume};
pub use feed::Feed;
pub use filter::Filter;
pub use links::Links;
pub use migrations::Dialect;
pub use op::Op;
pub use page::{Mode, Page};
pub use problems::Refused;
pub use query::Query;
pub use select::{conditions, count, select};
pub use sort::Key;
pub use sql::Sql;
pub use view::View;
