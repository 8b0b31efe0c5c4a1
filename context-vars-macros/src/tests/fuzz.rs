//! The macros never panic: for any input they return code or an error.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{snapshots, source};

/// The number of inputs of each kind.
const MUTATIONS: usize = 20_000;
const RANDOM: usize = 10_000;

/// A small random number generator that always returns the same numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // Xorshift, by Marsaglia.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Words that mean something to one of the macros.
const WORDS: &str = "static mut pub crate self Self super fn async move await unsafe extern const impl trait struct \
                     where dyn for in let match if return spawn spawn_blocking rayon join install broadcast Box pin new \
                     Arc user USER r#type User _ inherit_context detach_context with_context redact no_inherit cfg cfg_attr \
                     doc macro_rules use mod \"{self}\" 'a' 'static 5 1.5 = == => : :: ; , . .. -> < > | || & && # ! ? $ @ \
                     + - * T String u8 Future Pin Stream BoxFuture context_vars default union";

fn words() -> Vec<TokenTree> {
    let tokens: TokenStream = WORDS.parse().unwrap();
    tokens.into_iter().collect()
}

fn random_stream(random: &mut Random, words: &[TokenTree], depth: usize) -> TokenStream {
    let length = random.below(12);
    let token = |_| {
        if depth > 0 && random.below(4) == 0 {
            let delimiters = [
                Delimiter::Brace,
                Delimiter::Parenthesis,
                Delimiter::Bracket,
                Delimiter::None,
            ];
            let delimiter = *random.pick(&delimiters);
            let inside = random_stream(random, words, depth - 1);
            return TokenTree::Group(Group::new(delimiter, inside));
        }
        random.pick(words).clone()
    };
    (0..length).map(token).collect()
}

/// Removes, repeats, swaps or replaces one token, at any depth.
fn mutate(random: &mut Random, words: &[TokenTree], tokens: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let at = random.below(tokens.len());
    if let Some(TokenTree::Group(group)) = tokens.get(at) {
        if random.below(8) != 0 {
            let inside = mutate(random, words, group.stream());
            tokens[at] = TokenTree::Group(Group::new(group.delimiter(), inside));
            return tokens.into_iter().collect();
        }
    }
    let other = random.below(tokens.len());
    match random.below(5) {
        _ if tokens.is_empty() => tokens.push(random.pick(words).clone()),
        0 => drop(tokens.remove(at)),
        1 => tokens.insert(at, tokens[other].clone()),
        2 => tokens.swap(at, other),
        3 => tokens[at] = random.pick(words).clone(),
        _ => tokens.insert(at, random.pick(words).clone()),
    }
    tokens.into_iter().collect()
}

/// Expands `input` with all three macros.
fn expand(arguments: &TokenStream, input: &TokenStream) -> [TokenStream; 3] {
    [
        crate::context_var::context_var(input.clone()),
        crate::with_context::with_context(arguments.clone(), input.clone()),
        crate::inherit_context::inherit_context(arguments.clone(), input.clone()),
    ]
}

#[track_caller]
fn check(arguments: &TokenStream, input: &TokenStream) {
    let expanded = catch_unwind(AssertUnwindSafe(|| expand(arguments, input)));
    let Ok([declared, scoped, inheriting]) = expanded else {
        panic!("panicked at ({arguments}) {input}");
    };
    let is_error = |output: &TokenStream| !source::messages(output.clone()).is_empty();
    let is_items = |output: &TokenStream| syn::parse2::<syn::File>(output.clone()).is_ok();
    assert!(
        is_error(&declared) || is_items(&declared),
        "{input} became {declared}"
    );
    for output in [scoped, inheriting] {
        let is_item = syn::parse2::<syn::ItemFn>(output.clone()).is_ok();
        // Mistakes in a body are reported by rustc, because the body stays tokens.
        let is_good = is_item || syn::parse2::<syn::ItemFn>(input.clone()).is_err();
        assert!(
            is_error(&output) || is_good,
            "({arguments}) {input} became {output}"
        );
    }
}

/// Returns the items of the snapshots, each with the arguments of its attribute.
fn valid() -> Vec<(TokenStream, TokenStream)> {
    let mut valid = Vec::new();
    for form in snapshots::forms() {
        let tokens: TokenStream = fs::read_to_string(form).unwrap().parse().unwrap();
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else {
                continue;
            };
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            match &inside[..] {
                [TokenTree::Ident(_), TokenTree::Group(arguments)] => {
                    let item = tokens[index + 1..].iter().cloned().collect();
                    valid.push((arguments.stream(), item));
                }
                _ => valid.push((TokenStream::new(), group.stream())),
            }
        }
    }
    assert!(valid.len() >= 20);
    valid
}

#[test]
fn mutations_of_valid_items_give_code_or_an_error() {
    let (mut random, words, valid) = (Random(0x5eed), words(), valid());
    for _ in 0..MUTATIONS {
        let (mut arguments, mut item) = random.pick(&valid).clone();
        for _ in 0..=random.below(3) {
            if random.below(3) == 0 {
                arguments = mutate(&mut random, &words, arguments);
            } else {
                item = mutate(&mut random, &words, item);
            }
        }
        check(&arguments, &item);
    }
}

#[test]
fn random_tokens_give_code_or_an_error() {
    let (mut random, words) = (Random(0xfeed), words());
    for _ in 0..RANDOM {
        let arguments = random_stream(&mut random, &words, 2);
        let input = random_stream(&mut random, &words, 3);
        check(&arguments, &input);
    }
}
