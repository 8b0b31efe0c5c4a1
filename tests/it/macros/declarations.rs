//! `context_var!`: every form of a declaration.

use std::collections::HashMap;
use std::sync::Arc;

use context_vars::context_var;

mod vars {
    use super::context_var;

    context_var! {
        /// Seen by everyone.
        pub static PUBLIC: u8 = 1;
        pub(crate) static OF_THE_CRATE: u8 = 2;
        pub(in crate::macros) static OF_A_MODULE: u8 = 3;
        pub(super) static OF_THE_PARENT: u8 = 4;
        static PRIVATE: u8 = 5;
    }

    pub fn private() -> u8 {
        PRIVATE.get()
    }
}

const LIMIT: usize = 3;

fn double(n: u64) -> u64 {
    2 * n
}

context_var! {
    static LITERAL: u64 = 5;
    static CALL: u64 = double(4);
    static BLOCK: u64 = { let n = 3; n + 1 };
    static OF_CONST: usize = LIMIT;
    static MACRO: Vec<u64> = vec![1, 2];
    static IF: u64 = if LIMIT > 2 { 1 } else { 2 };
    static MATCH: &str = match LIMIT { 3 => "three", _ => "other" };
    static CLOSURE: fn(u64) -> u64 = |n| n + 1;
    static FUNCTION: fn(u64) -> u64 = double;
    static TUPLE: (u8, String) = (1, String::from("one"));
    static ARRAY: [u8; LIMIT] = [7; LIMIT];
    static MAP: HashMap<String, Vec<Option<u8>>> = HashMap::new();
    static TRAIT_OBJECT: Arc<dyn Fn(u64) -> u64 + Send + Sync> = Arc::new(|n| n * n);
    static NONE: Option<u64> = None;
    static SLICE: &[u8] = &[1, 2];
    static UNIT: () = ();
    static NEGATIVE: i64 = -5;
    static QUALIFIED: <u8 as std::ops::Add>::Output = 1;
    static INTO: String = "text".into();
}

context_var! {
    #[cfg(any())]
    static SWITCHED: NoSuchType = no_such_function();
    #[cfg(not(any()))]
    static SWITCHED: u8 = 1;
    #[cfg(any())]
    static OFF: NoSuchType;
}

mod same_name {
    context_vars::context_var! {
        #[cfg(not(any()))]
        pub static SWITCHED: u8 = 2;
    }
    #[cfg(any())]
    context_vars::context_var!(
        pub static SWITCHED: u8 = 3;
    );
}

macro_rules! declare {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident: $type:ty $(= $default:expr)?;)*) => {
        context_vars::context_var! {
            $($(#[$attribute])* $visibility static $name: $type $(= $default)?;)*
        }
    };
}

declare! {
    /// Documented.
    pub(crate) FROM_MACRO: Vec<u8> = vec![1];
    PLAIN_FROM_MACRO: u8;
}

mod included {
    include!("included.rs");
}

mod renamed {
    pub mod deep {
        pub use context_vars as vars;
    }

    context_vars::context_var! {
        crate = self::deep::vars;
        pub static THROUGH_PATH: u8 = 6;
    }
}

mod hostile {
    //! No prelude, and names that generated code might stumble over or use for a local variable.
    #![no_implicit_prelude]
    #![allow(dead_code, non_camel_case_types, non_upper_case_globals)]

    pub struct Option;
    pub struct Some;
    pub struct String;
    pub struct Here;
    pub mod core {}
    pub mod std {}
    pub mod context_vars {}
    const here: u8 = 1;
    const value: u8 = 2;
    const declared: u8 = 3;
    const marker: u8 = 4;

    ::context_vars::context_var! {
        pub static NUMBER: u8 = here + value + declared + marker;
        pub static TEXT: ::std::string::String = ::std::string::String::new();
        pub static UNSET: u8;
    }
}

context_var! {
    static FIRST: u8; static SECOND: u8;

        static THIRD
        : u8
        = 1;
}

#[test]
fn visibility_is_that_of_a_static() {
    use vars::{OF_A_MODULE, OF_THE_CRATE, OF_THE_PARENT, PUBLIC};
    let public = [&PUBLIC, &OF_THE_CRATE, &OF_A_MODULE, &OF_THE_PARENT].map(|var| var.get());
    assert_eq!((public, vars::private()), ([1, 2, 3, 4], 5));
}

#[test]
fn any_expression_can_be_a_default() {
    let numbers = [&LITERAL, &CALL, &BLOCK, &IF].map(|var| var.get());
    assert_eq!(numbers, [5, 8, 4, 1]);
    assert_eq!((MATCH.get(), OF_CONST.get()), ("three", 3));
    assert_eq!(MACRO.get(), [1, 2]);
    assert_eq!((CLOSURE.get()(1), FUNCTION.get()(4)), (2, 8));
    assert_eq!(TUPLE.get(), (1, "one".to_owned()));
    assert_eq!(ARRAY.get(), [7; 3]);
    assert!(MAP.get().is_empty());
    assert_eq!(TRAIT_OBJECT.get()(3), 9);
    assert_eq!((NONE.get(), UNIT.try_get()), (None, Ok(())));
    assert_eq!(SLICE.get(), [1, 2]);
    assert_eq!((NEGATIVE.get(), QUALIFIED.get()), (-5, 1));
    assert_eq!(INTO.get(), "text");
}

#[test]
fn cfg_switches_all_that_belongs_to_a_declaration() {
    assert_eq!((SWITCHED.get(), same_name::SWITCHED.get()), (1, 2));
}

#[test]
fn macro_rules_and_included_files_can_declare() {
    assert_eq!(FROM_MACRO.get(), [1]);
    assert!(PLAIN_FROM_MACRO.try_get().is_err());
    assert!(FROM_MACRO.location().file().ends_with("declarations.rs"));
    assert_eq!(included::FROM_FILE.get(), 9);
    let file = included::FROM_FILE.location().file();
    assert!(file.ends_with("included.rs"), "{file}");
}

#[test]
fn names_of_the_crate_the_prelude_and_the_module_do_not_get_in_the_way() {
    assert_eq!(renamed::THROUGH_PATH.get(), 6);
    assert_eq!(hostile::NUMBER.get(), 10);
    assert_eq!(hostile::TEXT.get(), "");
    assert!(hostile::UNSET.try_get().is_err());
}

#[test]
fn location_is_that_of_the_name() {
    let places = [&FIRST, &SECOND, &THIRD].map(|var| var.location());
    let line = places[0].line();
    let places = places.map(|place| (place.line() - line, place.column()));
    assert_eq!(places, [(0, 12), (0, 30), (2, 16)]);
    assert_eq!((FIRST.name(), THIRD.name()), ("FIRST", "THIRD"));
}
