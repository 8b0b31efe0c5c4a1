//! The return type of a function, which shows whether it returns a value, a future or a stream.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, ReturnType, Signature, Type, TypeParamBound};

use crate::crate_path::CratePath;
use crate::tokens::{angle_brackets, is_punct, is_word, regroup};

/// Returns the return type, if one is written.
pub(crate) fn returned(signature: &Signature) -> Option<&Type> {
    match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

/// The kind of a return type, by its form.
pub(crate) enum Returns {
    Value,
    /// `impl Future`.
    Future,
    /// `Pin<Box<dyn Future>>`, `BoxFuture`, `LocalBoxFuture`.
    BoxedFuture,
    /// `impl Stream` and its boxes, with the word that shows it.
    Stream(Span),
    /// `impl Iterator` and its boxes, with that word.
    Iterator(Span),
    /// `impl Fn` and its boxes, with that word.
    Closure(Span),
    /// A future in a `Result` or an `Option`, with the word that shows it.
    FutureInside(Span),
    /// `impl IntoFuture`, with that word.
    IntoFuture(Span),
}

impl Returns {
    pub(crate) fn of(signature: &Signature) -> Self {
        returned(signature).map_or(Self::Value, Self::of_type)
    }

    fn of_type(ty: &Type) -> Self {
        match ty {
            Type::Paren(ty) => Self::of_type(&ty.elem),
            Type::Group(ty) => Self::of_type(&ty.elem),
            Type::ImplTrait(ty) => Self::of_bounds(ty.bounds.iter(), Self::Future),
            Type::Path(ty) => match ty.path.segments.last() {
                Some(last) if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" => {
                    Self::BoxedFuture
                }
                Some(last) if last.ident == "BoxStream" || last.ident == "LocalBoxStream" => {
                    Self::Stream(last.ident.span())
                }
                Some(last) if last.ident == "Pin" || last.ident == "Box" => {
                    only_argument(&last.arguments).map_or(Self::Value, Self::of_boxed)
                }
                // A shared pointer is not a future, because a future is polled by `&mut`.
                Some(last) if last.ident == "Arc" || last.ident == "Rc" => {
                    let shared = only_argument(&last.arguments).map(Self::of_boxed);
                    match shared {
                        Some(Self::Closure(span)) => Self::Closure(span),
                        _ => Self::Value,
                    }
                }
                Some(last) if last.ident == "Result" || last.ident == "Option" => {
                    only_argument(&last.arguments).map_or(Self::Value, Self::of_content)
                }
                _ => Self::Value,
            },
            _ => Self::Value,
        }
    }

    /// Classifies the content of a `Result` or an `Option`.
    fn of_content(ty: &Type) -> Self {
        match Self::of_type(ty) {
            Self::Future | Self::BoxedFuture => Self::FutureInside(future(ty)),
            other => other,
        }
    }

    /// Classifies the content of a `Pin` or a `Box`.
    fn of_boxed(ty: &Type) -> Self {
        match ty {
            Type::TraitObject(ty) => Self::of_bounds(ty.bounds.iter(), Self::BoxedFuture),
            Type::ImplTrait(ty) => Self::of_bounds(ty.bounds.iter(), Self::BoxedFuture),
            ty => match Self::of_type(ty) {
                Self::Future => Self::Value,
                other => other,
            },
        }
    }

    fn of_bounds<'a>(bounds: impl Iterator<Item = &'a TypeParamBound>, future: Self) -> Self {
        for bound in bounds {
            let TypeParamBound::Trait(bound) = bound else {
                continue;
            };
            let Some(last) = bound.path.segments.last() else {
                continue;
            };
            if last.ident == "Future" || last.ident == "FusedFuture" {
                return future;
            }
            if last.ident == "IntoFuture" {
                return Self::IntoFuture(last.ident.span());
            }
            let span = last.ident.span();
            match last.ident.to_string().as_str() {
                "Stream" | "FusedStream" | "AsyncIterator" => return Self::Stream(span),
                "Iterator"
                | "DoubleEndedIterator"
                | "ExactSizeIterator"
                | "FusedIterator"
                | "ParallelIterator"
                | "IndexedParallelIterator" => return Self::Iterator(span),
                "Fn" | "FnMut" | "FnOnce" | "AsyncFn" | "AsyncFnMut" | "AsyncFnOnce" => {
                    return Self::Closure(span);
                }
                _ => {}
            }
        }
        Self::Value
    }
}

/// Returns the span of the word that shows that `ty` is a future.
fn future(ty: &Type) -> Span {
    fn find(tokens: TokenStream) -> Option<Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(word) => {
                let is_future = FUTURES.iter().any(|future| word == future);
                is_future.then(|| word.span())
            }
            TokenTree::Group(group) => find(group.stream()),
            _ => None,
        })
    }
    find(ty.to_token_stream()).unwrap_or_else(|| ty.span())
}

const FUTURES: &[&str] = &["Future", "FusedFuture", "BoxFuture", "LocalBoxFuture"];

fn only_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(list) = arguments else {
        return None;
    };
    list.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Returns the type as it can be written in a body: `impl Trait` becomes `_`.
fn nameable(ty: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = ty.into_iter().collect();
    let mut output = TokenStream::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        output.extend([match token {
            TokenTree::Group(group) => regroup(group, nameable(group.stream())),
            word if is_word(word, "impl") => {
                at += bounds(&tokens[at..]);
                Ident::new("_", word.span()).into()
            }
            other => other.clone(),
        }]);
    }
    output
}

/// Returns the number of tokens in the bounds of an `impl Trait`, with which `tokens` begin.
fn bounds(tokens: &[TokenTree]) -> usize {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += match token {
            token if is_punct(token, '<') => angle_brackets(&tokens[at..]),
            // The second half of `->` closes nothing.
            token if is_punct(token, '-') => 2,
            token if [',', ';', '>'].iter().any(|end| is_punct(token, *end)) => break,
            _ => 1,
        };
    }
    at.min(tokens.len())
}

/// Turns `ty` into `if false { return never::<ty>(); }`.
///
/// An `async` block has no syntax for the type of its result. Without that type, `?` and `.into()`
/// in the block could not be inferred. The generated code never runs and is optimised away.
pub(crate) fn expect(ty: &Type, crate_path: &CratePath, at: Span) -> TokenStream {
    // `!` has no values, and `_`, which `impl Trait` becomes, would leave the type open.
    if matches!(ty, Type::Never(_) | Type::Infer(_) | Type::ImplTrait(_)) || is_unsized(ty) {
        return TokenStream::new();
    }
    let at = at.located_at(ty.span());
    // So that rustc points at the type.
    let private = crate_path.private_at(at);
    let ty = nameable(ty.to_token_stream());
    quote_spanned! {at=>
        if false {
            return #private::never::<#ty>();
        }
    }
}

/// Returns `true` if no function can return the type. rustc reports that for the function itself.
fn is_unsized(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) | Type::TraitObject(_) => true,
        Type::Path(ty) => ty.qself.is_none() && ty.path.is_ident("str"),
        _ => false,
    }
}

/// Returns the return type of a closure.
pub(crate) fn annotation(ty: &Type) -> TokenStream {
    let ty = nameable(ty.to_token_stream());
    quote!(-> #ty)
}
