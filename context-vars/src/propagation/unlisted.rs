//! Members of baggage that no variable is listed for, on their way through this process.

use super::baggage;
use crate::context::Context;
use crate::raw::key::Declaration;
use crate::var::ContextVar;

/// The members as they came in, with a comma between two.
struct Unlisted(Box<str>);

static UNLISTED: ContextVar<Unlisted> = ContextVar::hidden(Declaration {
    name: "UNLISTED",
    field: "unlisted",
    module_path: module_path!(),
    no_inherit: false,
    redact: true,
    debug: None,
    display: None,
});

/// Returns `context` with these members in the place of those of an earlier message.
pub(super) fn replace(context: Context, members: &[&str]) -> Context {
    if members.is_empty() {
        context.without(&UNLISTED)
    } else {
        context.with_value(&UNLISTED, Unlisted(members.join(",").into()))
    }
}

/// Returns the members in `context`, each with its key.
pub(super) fn members(context: &Context) -> impl Iterator<Item = (&str, &str)> {
    let unlisted = context.get(&UNLISTED).into_iter();
    unlisted.flat_map(|unlisted| {
        let members = unlisted.0.split(',');
        members.map(|member| (baggage::key_of(member), member))
    })
}
