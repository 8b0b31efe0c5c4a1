//! Validates the variables to set, and determines the kind of function.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, Path, Signature, Type};

use super::async_trait::{self, Boxed};
use super::parse::{Input, Setting, shown};
use crate::attribute::{Attribute, is_named};
use crate::case;
use crate::crate_path::CratePath;
use crate::error::Errors;
use crate::function::Function;
use crate::function::return_type::{self, Returns};
use crate::tokens::is_word;
use crate::work::plan::Fragment;

/// A function that gets a scope.
pub(super) struct ScopedFn {
    pub(super) crate_path: CratePath,
    pub(super) variables: Vec<Variable>,
    pub(super) function: Function,
    pub(super) body: Vec<Fragment>,
    pub(super) kind: Kind,
}

/// A variable and the value that it is set to.
pub(super) struct Variable {
    /// As it was written.
    pub(super) name: String,
    pub(super) path: Path,
    pub(super) value: TokenStream,
}

/// The beginning and the end of the scope.
pub(super) enum Kind {
    /// The scope begins and ends with the call.
    Sync,
    /// The scope begins at the first poll and ends with the future.
    Async,
    /// The scope begins at the call and ends with the returned future.
    ReturnsFuture(FutureBox),
    /// Like `Async`, for the function that `#[async_trait]` made from an `async fn`.
    AsyncTrait(Boxed),
}

/// The box of a returned future, with its type.
#[derive(Clone)]
pub(super) enum FutureBox {
    None,
    Box(Type),
    PinnedBox(Type),
}

impl FutureBox {
    fn of(returned: Type) -> Self {
        match returned {
            Type::Path(ty) if is_named(&ty.path, "Box") => Self::Box(Type::Path(ty)),
            ty => Self::PinnedBox(ty),
        }
    }
}

pub(super) fn validate(input: Input, errors: &mut Errors) -> Option<ScopedFn> {
    let Input {
        crate_path,
        settings,
        function,
        body,
    } = input;
    let variables = variables(settings, errors);
    function.refuse_again(Attribute::With, errors);
    function.refuse_const(Attribute::With, errors);
    refuse_allocator(&function.signature, errors);
    let kind = kind(&function.signature, &body, errors)?;
    if !matches!(kind, Kind::Async | Kind::AsyncTrait(_)) {
        refuse_await(&variables, &function, errors);
    }
    Some(ScopedFn {
        crate_path,
        variables,
        function,
        body,
        kind,
    })
}

/// Reports a method of `GlobalAlloc`, by its form: `unsafe fn alloc(&self, layout: Layout)`.
fn refuse_allocator(signature: &Signature, errors: &mut Errors) {
    let name = &signature.ident;
    let methods = ["alloc", "alloc_zeroed", "dealloc", "realloc"];
    let is_layout = |argument: &FnArg| match argument {
        FnArg::Typed(argument) => match &*argument.ty {
            Type::Path(ty) => is_named(&ty.path, "Layout"),
            _ => false,
        },
        FnArg::Receiver(_) => false,
    };
    if methods.iter().any(|method| name == method)
        && signature.receiver().is_some()
        && signature.inputs.iter().any(is_layout)
    {
        let message = format!(
            "entering a scope allocates memory, so the allocator's `{name}` would call itself \
             without end"
        );
        errors.push(name, message, "remove `#[with_context]`");
    }
}

/// A returned value that would not run in the scope: the message and the help.
type RunsLater = (&'static str, &'static str);

const STREAM: RunsLater = (
    "a stream runs after the function has returned, outside of its scope",
    "remove `#[with_context]`, and return the stream with a context: \
     `return stream.in_context(Context::current());`",
);

const ITERATOR: RunsLater = (
    "an iterator runs after the function has returned, outside of its scope",
    "remove `#[with_context]`, and collect the iterator, or return it with a context: \
     `return iterator.in_context(Context::current());`",
);

const CLOSURE: RunsLater = (
    "a closure runs after the function has returned, outside of its scope",
    "remove `#[with_context]`, and set the variable in the closure: \
     `VAR.sync_scope(value, || …)`",
);

const FUTURE_INSIDE: RunsLater = (
    "a future in a `Result` or an `Option` runs after the function has returned, outside of its \
     scope",
    "return the future itself, or remove `#[with_context]` and give the future a context: \
     `future.in_context(Context::current())`",
);

const INTO_FUTURE: RunsLater = (
    "the future is created after the function has returned, outside of its scope",
    "return `impl Future`: `return value.into_future();`",
);

fn kind(signature: &Signature, body: &[Fragment], errors: &mut Errors) -> Option<Kind> {
    let returned = Returns::of(signature);
    let runs_later = match returned {
        Returns::Stream(span) => Some((span, STREAM)),
        Returns::Iterator(span) => Some((span, ITERATOR)),
        Returns::Closure(span) => Some((span, CLOSURE)),
        _ => None,
    };
    if let Some((span, (message, help))) = runs_later {
        errors.push(span, message, help);
        return None;
    }
    if signature.asyncness.is_some() {
        return Some(Kind::Async);
    }
    if let Some(boxed) = async_trait::detect(signature, body) {
        return Some(Kind::AsyncTrait(boxed));
    }
    let refused = match returned {
        Returns::FutureInside(span) => Some((span, FUTURE_INSIDE)),
        Returns::IntoFuture(span) => Some((span, INTO_FUTURE)),
        _ => None,
    };
    if let Some((span, (message, help))) = refused {
        errors.push(span, message, help);
        return None;
    }
    Some(match returned {
        Returns::Future => Kind::ReturnsFuture(FutureBox::None),
        Returns::BoxedFuture => {
            let returned = return_type::returned(signature).cloned();
            Kind::ReturnsFuture(returned.map_or(FutureBox::None, FutureBox::of))
        }
        _ => Kind::Sync,
    })
}

fn variables(settings: Vec<Setting>, errors: &mut Errors) -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    for Setting { key, value } in settings {
        let name = shown(&key);
        let path = variable_path(key, errors);
        if let Some(first) = variables
            .iter()
            .find(|other| shown(&other.path) == shown(&path))
        {
            let message = if first.name == name {
                format!("`{name}` is set twice")
            } else {
                format!("`{name}` and `{}` are the same variable", first.name)
            };
            errors.push(&path, message, "remove one of the two");
            continue;
        }
        let value = value.into_token_stream();
        variables.push(Variable { name, path, value });
    }
    variables
}

/// Turns `vars::user` into `vars::USER`, and reports a name in neither case.
fn variable_path(mut key: Path, errors: &mut Errors) -> Path {
    let Some(last) = key.segments.last_mut() else {
        return key;
    };
    let name = last.ident.to_string();
    let right = case::screaming(&name);
    if case::is_snake(&name) {
        if let Ok(mut variable) = syn::parse_str::<Ident>(&right) {
            variable.set_span(last.ident.span());
            last.ident = variable;
        }
    } else if !case::is_screaming(&name) {
        let snake = right.to_lowercase();
        let message = format!("expected a name in lower or upper case, found `{name}`");
        let help = format!("the variable `{right}` is written `{snake}` or `{right}`");
        errors.push(&last.ident, message, help);
    }
    key
}

/// Reports `.await` in values of a function that is not async.
fn refuse_await(variables: &[Variable], function: &Function, errors: &mut Errors) {
    let function = &function.signature.ident;
    for Variable { name, value, .. } in variables {
        if let Some(span) = awaits(value.clone()) {
            let help = format!(
                "make it `async fn {function}`, or pass the awaited value of `{name}` as a parameter"
            );
            errors.push(span, "`.await` needs an async function", help);
        }
    }
}

/// Returns the span of the first `await` outside of `async` blocks.
fn awaits(tokens: TokenStream) -> Option<Span> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let follows_async = |index: usize| match &tokens[..index] {
        [.., keyword, last] if is_word(last, "move") => is_word(keyword, "async"),
        [.., last] => is_word(last, "async"),
        [] => false,
    };
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "await" => return Some(word.span()),
            TokenTree::Group(group)
                if group.delimiter() != Delimiter::Brace || !follows_async(index) =>
            {
                if let Some(found) = awaits(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}
