//! `impl Trait`, which cannot be written in a body, is replaced wherever a type contains it.

use crate::function::return_type::annotation;

#[test]
fn impl_trait_is_inferred_and_all_else_is_kept() {
    for (written, expected) in [
        ("Vec<u8>", "Vec<u8>"),
        ("impl Future<Output = u8> + Send", "_"),
        ("Result<impl Fn(u8) -> Vec<u8> + Send, E>", "Result<_, E>"),
        (
            "Vec<Option<impl for<'a> Fn(&'a u8) -> bool>>",
            "Vec<Option<_>>",
        ),
        (
            "(impl A + 'a, &'a (impl B + C), [impl D; 3])",
            "(_, &'a (_), [_; 3])",
        ),
        (
            "Pin<Box<dyn Future<Output = impl A> + Send>>",
            "Pin<Box<dyn Future<Output = _> + Send>>",
        ),
    ] {
        let ty = syn::parse_str(written).unwrap();
        let shown = annotation(&ty).to_string().replace(' ', "");
        assert_eq!(shown, format!("->{expected}").replace(' ', ""));
    }
}
