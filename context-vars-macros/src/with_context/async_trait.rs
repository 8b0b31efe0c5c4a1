//! The function that `#[async_trait]` makes from an `async fn`, before `#[with_context]` sees it:
//!
//! ```text
//! fn name<'async_trait>(self, a: A) -> Pin<Box<dyn Future<Output = R> + Send + 'async_trait>> {
//!     Box::pin(async move {
//!         let __self = self;
//!         let a = a;
//!         let __ret: R = { body };
//!         __ret
//!     })
//! }
//! ```

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Signature;

use crate::crate_path::CratePath;
use crate::function::receiver;
use crate::tokens::{is_group, is_punct, is_word, regroup};
use crate::work::plan::{Fragment, verbatim};
use crate::work::rewrite::rewrite;

/// `Box::pin(async move { … })`, in its parts.
pub(super) struct Boxed {
    /// `Box::pin`
    before: Vec<Fragment>,
    parentheses: Group,
    /// `async move`
    head: Vec<Fragment>,
    block: Group,
    inside: Vec<Fragment>,
}

/// Takes the body apart if `#[async_trait]` made it.
pub(super) fn detect(signature: &Signature, body: &[Fragment]) -> Option<Boxed> {
    let mut lifetimes = signature.generics.lifetimes();
    lifetimes.find(|lifetime| lifetime.lifetime.ident == "async_trait")?;
    let (before, parentheses, inside) = split(body.to_vec(), Delimiter::Parenthesis)?;
    let (head, block, inside) = split(inside, Delimiter::Brace)?;
    let is_async = matches!(&head[..], [Fragment::Token(word), _] if is_word(word, "async"));
    is_async.then_some(Boxed {
        before,
        parentheses,
        head,
        block,
        inside,
    })
}

/// Removes the last fragment, if it is a group, and returns the tokens before and inside of it.
fn split(
    mut fragments: Vec<Fragment>,
    delimiter: Delimiter,
) -> Option<(Vec<Fragment>, Group, Vec<Fragment>)> {
    let (group, inside) = match fragments.pop()? {
        Fragment::Group(group, inside) => (group, inside),
        Fragment::Token(TokenTree::Group(group)) => {
            let inside = verbatim(group.stream());
            (group, inside)
        }
        _ => return None,
    };
    (group.delimiter() == delimiter).then_some((fragments, group, inside))
}

impl Boxed {
    /// Returns the block with `values` between the arguments and the function's own body.
    pub(super) fn block_with(&self, values: TokenStream, crate_path: &CratePath) -> TokenStream {
        let tokens: Vec<TokenTree> = rewrite(&self.inside, crate_path).into_iter().collect();
        let (arguments, body) = tokens.split_at(body_statement(&tokens));
        let arguments: TokenStream = arguments.iter().cloned().collect();
        let values = if receiver::is_renamed_in(&arguments) {
            receiver::rename(values)
        } else {
            values
        };
        regroup(&self.block, quote!(#arguments #values #(#body)*)).into_token_stream()
    }

    /// Returns `Box::pin(future)`, where `future` is made from `async move`.
    pub(super) fn with(
        &self,
        crate_path: &CratePath,
        future: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let before = rewrite(&self.before, crate_path);
        let inside = regroup(&self.parentheses, future(rewrite(&self.head, crate_path)));
        quote!(#before #inside)
    }
}

/// Returns the index at which `let … = { … };` begins, or 0 if there is no such statement.
fn body_statement(tokens: &[TokenTree]) -> usize {
    let end = tokens.iter().enumerate().position(|(index, token)| {
        index > 0
            && is_group(token, Delimiter::Brace)
            && is_punct(&tokens[index - 1], '=')
            && is_punct(tokens.get(index + 1), ';')
    });
    end.and_then(|end| {
        tokens[..end]
            .iter()
            .rposition(|token| is_word(token, "let"))
    })
    .unwrap_or_default()
}
