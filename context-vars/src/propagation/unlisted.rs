//! Members of the baggage without a listed variable, which this process forwards.

use super::baggage;
use crate::context::Context;
use crate::raw::key::Declaration;
use crate::var::ContextVar;

/// The members as they were received, separated by commas.
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

/// Returns `context` with these members, which replace those of an earlier message.
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
