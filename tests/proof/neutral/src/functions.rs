//! Finds the functions of a source file.

use std::collections::HashMap;
use std::ops::Range;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, ImplItemFn, Item, ItemFn, Meta, Signature, TraitItemFn, Type, Visibility,
};

use crate::{cfg, spawns};

/// A function or method with a body.
pub(crate) struct Function {
    /// `Type::method`, with the modules and functions around it; `#2` at the second of a name.
    pub(crate) name: String,
    /// From its visibility or `fn` to the end of its body, in bytes.
    pub(crate) range: Range<usize>,
    /// The conditions under which it is compiled, those of what is around it included.
    pub(crate) conditions: Vec<Meta>,
    pub(crate) is_const: bool,
    pub(crate) gives_work: bool,
}

/// The functions of a file.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) functions: Vec<Function>,
    /// The number of `fn name` in the tokens of macros, which get no attribute.
    pub(crate) in_macros: usize,
}

/// Returns the functions in `text`, in their order.
pub(crate) fn find(text: &str) -> syn::Result<Found> {
    let file = syn::parse_str::<syn::File>(text)?;
    let mut search = Search::default();
    search.conditions.extend(cfg::conditions(&file.attrs));
    search.visit_file(&file);
    Ok(search.found)
}

#[derive(Default)]
struct Search {
    found: Found,
    /// The names of what is around the current item.
    path: Vec<String>,
    conditions: Vec<Meta>,
    seen: HashMap<String, usize>,
}

impl Search {
    /// Calls `visit` with `name` and the conditions of `attributes` added to what is around it.
    fn inside(
        &mut self,
        name: Option<String>,
        attributes: &[Attribute],
        visit: impl FnOnce(&mut Self),
    ) {
        let (path, conditions) = (self.path.len(), self.conditions.len());
        self.path.extend(name);
        self.conditions.extend(cfg::conditions(attributes));
        visit(self);
        self.path.truncate(path);
        self.conditions.truncate(conditions);
    }

    /// Adds the function that the visitor is in.
    fn add(&mut self, visibility: Option<&Visibility>, signature: &Signature, body: &Block) {
        let path = self.path.join("::");
        let count = self.seen.entry(path.clone()).or_default();
        *count += 1;
        let name = match count {
            1 => path,
            count => format!("{path}#{count}"),
        };
        let first = match visibility {
            None | Some(Visibility::Inherited) => signature.span(),
            Some(visibility) => visibility.span(),
        };
        let end = body.brace_token.span.close();
        self.found.functions.push(Function {
            name,
            range: start(first)..end.byte_range().end,
            conditions: self.conditions.clone(),
            is_const: signature.constness.is_some(),
            gives_work: spawns::gives_work(body),
        });
    }
}

impl<'a> Visit<'a> for Search {
    fn visit_item(&mut self, item: &'a Item) {
        let (name, attributes) = match item {
            Item::Mod(item) => (Some(item.ident.to_string()), &item.attrs),
            Item::Trait(item) => (Some(item.ident.to_string()), &item.attrs),
            Item::Impl(item) => (Some(type_name(&item.self_ty)), &item.attrs),
            Item::Fn(item) => (Some(item.sig.ident.to_string()), &item.attrs),
            Item::Const(item) => (None, &item.attrs),
            Item::Static(item) => (None, &item.attrs),
            _ => return visit::visit_item(self, item),
        };
        self.inside(name, attributes, |search| visit::visit_item(search, item));
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        self.add(Some(&function.vis), &function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        let name = function.sig.ident.to_string();
        self.inside(Some(name), &function.attrs, |search| {
            search.add(Some(&function.vis), &function.sig, &function.block);
            visit::visit_impl_item_fn(search, function);
        });
    }

    fn visit_trait_item_fn(&mut self, function: &'a TraitItemFn) {
        let name = function.sig.ident.to_string();
        self.inside(Some(name), &function.attrs, |search| {
            if let Some(body) = &function.default {
                search.add(None, &function.sig, body);
            }
            visit::visit_trait_item_fn(search, function);
        });
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.found.in_macros += functions_in(call.tokens.clone());
    }
}

fn start(span: Span) -> usize {
    span.byte_range().start
}

/// Returns the last name in a type: `Map` for `&mut map::Map<K, V>`.
fn type_name(self_type: &Type) -> String {
    match self_type {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default(),
        Type::Reference(reference) => type_name(&reference.elem),
        Type::Paren(inner) => type_name(&inner.elem),
        Type::Group(inner) => type_name(&inner.elem),
        Type::Tuple(_) => "(..)".to_owned(),
        Type::Slice(_) | Type::Array(_) => "[_]".to_owned(),
        Type::TraitObject(_) => "dyn".to_owned(),
        _ => "_".to_owned(),
    }
}

/// Counts `fn name` in `tokens`.
fn functions_in(tokens: TokenStream) -> usize {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let here = tokens
        .windows(2)
        .filter(|pair| matches!(pair, [TokenTree::Ident(keyword), TokenTree::Ident(_)] if keyword == "fn"))
        .count();
    let below = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => functions_in(group.stream()),
        _ => 0,
    });
    here + below.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn functions_are_found_wherever_they_have_a_body() {
        let text = "mod m { #[cfg(test)] pub fn a() { fn b() {} } }\n\
                    trait T { fn c(); /** é */ async fn d() {} }\n\
                    impl T for &S<u8> { #[inline] pub(crate) unsafe fn e() {} const fn e() {} }\n\
                    macro_rules! x { () => { fn f() {} } }";
        let found = find(text).unwrap();
        let names: Vec<&str> = found.functions.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["m::a", "m::a::b", "T::d", "S::e", "S::e#2"]);
        let texts: Vec<&str> = found
            .functions
            .iter()
            .map(|f| &text[f.range.clone()])
            .collect();
        assert_eq!(texts[0], "pub fn a() { fn b() {} }");
        assert_eq!(texts[2], "async fn d() {}");
        assert_eq!(texts[3], "pub(crate) unsafe fn e() {}");
        let conditions: Vec<usize> = found.functions.iter().map(|f| f.conditions.len()).collect();
        assert_eq!(conditions, [1, 1, 0, 0, 0]);
        assert!(found.functions[4].is_const);
        assert_eq!(found.in_macros, 1);
    }

    #[test]
    fn work_is_found_among_the_arguments_of_spawn_calls() {
        let gives_work =
            |body: &str| find(&format!("fn f() {{ {body} }}")).unwrap().functions[0].gives_work;
        for body in [
            "std::thread::spawn(|| 1);",
            "s.spawn({ let k = k.clone(); async move { k } });",
            "spawn_workers(3, Box::new(move || 1));",
            "rayon::join(a, || 1);",
            "tokio::spawn(handle(request)?);",
            "select! { x = spawn(async {}) => x }",
        ] {
            assert!(gives_work(body), "{body}");
        }
        for body in [
            "spawn();",
            "command.spawn();",
            "spawn_workers(n);",
            "call(|| 1);",
            "fn g() { spawn(|| 1); }",
        ] {
            assert!(!gives_work(body), "{body}");
        }
    }
}
