//! The procedural macros of [`context-vars`](https://docs.rs/context-vars), which re-exports them.
//!
//! The source has three layers, each of which imports only what is below it:
//!
//! 1. [`error`], [`args`], [`crate_path`], [`lints`], [`case`], [`tokens`] and [`function`], which
//!    reads the function that an attribute is applied to;
//! 2. [`work`], which rewrites bodies so that the work in them inherits;
//! 3. the three macros, each a folder with three stages: `parse` reads the input, `validate` decides
//!    what it means or collects the errors, `expand` generates the output and cannot fail.

#![forbid(unsafe_code)]
#![deny(rustdoc::broken_intra_doc_links)]
#![allow(rustdoc::private_intra_doc_links)] // the overview above is for those who read the source

use proc_macro::TokenStream;

mod error;
mod source_text;
mod args;
mod crate_path;
mod lints;
mod case;
mod attribute;
mod tokens;
mod function;
mod work;
mod context_var;
mod with_context;
mod inherit_context;
mod detach_context;
#[cfg(test)]
mod tests;

/// Declares context variables.
///
/// Takes any number of `static`s, each with attributes, a visibility, a name in
/// `SCREAMING_SNAKE_CASE`, a type, and optionally a default:
///
/// ```
/// use context_vars::context_var;
///
/// context_var! {
///     /// On whose behalf the current request runs.
///     pub static USER: String = "anonymous".to_owned();
///     /// Set for every request; has no default.
///     pub static REQUEST_ID: u64;
/// }
///
/// # fn main() {
/// assert_eq!(USER.get(), "anonymous");
/// assert!(REQUEST_ID.try_get().is_err());
/// # }
/// ```
///
/// The type must be `Send`, `Sync` and `'static`, because a context moves between threads. The
/// default can be any expression. It is computed on first need.
///
/// A variable must be declared at module level. Inside a function, a method, a closure or a block
/// the macro does not compile.
///
/// # Attributes
///
/// - `#[no_inherit]`: the variable is left out of everything that inherits. It is for a value that
///   belongs to one task or thread, such as a connection.
/// - `#[redact]`: the value is never printed or logged; `***` is printed in its place.
/// - All others (documentation, `cfg`, `allow`, `deprecated`, …) are applied to the static.
///
/// If the crate is renamed or re-exported, begin with `crate = path;`.
///
/// # What it becomes
///
/// ```text
/// context_var! {
///     pub static USER: String = "anonymous".to_owned();
/// }
/// ```
///
/// becomes
///
/// ```text
/// pub static USER: ContextVar<String> = variable(
///     declared!("USER", "user", String, false, false, 1, __context_var_USER_1),
///     Some(|| "anonymous".to_owned()),
/// );
/// // For the check, once for each call, that the variables are declared at module level.
/// const __context_var_USER_1: (u32, u32, u32) = (line!(), column!(), 1);
/// ```
///
/// # Cost
///
/// At compile time, `cargo check` takes 0.2 seconds longer for 500 declarations than for 500 plain
/// statics, and 0.5 seconds longer if each declaration has a separate call. The program
/// `context-vars-macros/check-time` measures this; the numbers are from two virtual cores with Rust
/// 1.95 and a debug build of the macros. At run time a declaration does nothing.
#[proc_macro]
pub fn context_var(input: TokenStream) -> TokenStream {
    context_var::context_var(input.into()).into()
}

/// Runs every call of a function in a scope in which variables are set.
///
/// ```
/// use context_vars::{context_var, with_context};
///
/// context_var! {
///     static USER: String = "anonymous".to_owned();
///     static REQUEST_ID: u64;
/// }
///
/// #[with_context(user = name, request_id = id)]
/// async fn handle(name: String, id: u64) -> String {
///     audit().await
/// }
///
/// async fn audit() -> String {
///     format!("{} {}", REQUEST_ID.get(), USER.get())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(handle("alice".to_owned(), 7).await, "7 alice");
/// assert_eq!(USER.get(), "anonymous");
/// # }
/// ```
///
/// A key is the path of a variable. Its last name can be in `snake_case`, which means the same name
/// in `SCREAMING_SNAKE_CASE`. A value is any expression. It may use the arguments and `self`, move
/// them, leave the function by `?` or `return`, and `.await` in an `async fn`. The scope is
/// entered, the values are computed in order, and only then are the variables set, so that a value
/// reads the variables as they are outside.
///
/// Everything that is set inside, in these variables or others, is dropped when the function ends,
/// in whatever way. Without arguments, `#[with_context]` isolates the function and sets no
/// variable.
///
/// # Supported functions
///
/// All functions and methods are supported, except for a `const fn`:
///
/// - For an `async fn`, the scope is created at the first poll. The function stays an `async fn`, is
///   not boxed, and is `Send` if it was before.
/// - For a function that returns `impl Future`, `Pin<Box<dyn Future>>`, `BoxFuture` or
///   `LocalBoxFuture`, the scope is created at the call and covers the future. Type aliases and
///   generic `F: Future` are not recognised as futures, so such a future runs outside of the scope.
///   A future in a `Result` or an `Option` is an error, and so is `impl IntoFuture`.
/// - For an `async fn` under `#[async_trait]`, the scope is created at the first poll, too.
/// - A function that returns a stream, an iterator (`impl Iterator`, `Box<dyn Iterator>`) or a
///   closure (`impl Fn…`, `Box<dyn Fn…>`) is an error, because the returned value would run outside
///   of the scope.
/// - The methods of a `GlobalAlloc` are an error, because a scope allocates and would call them.
///
/// Arguments are dropped inside the scope, in the usual order. `#[track_caller]` has no effect on a
/// function that returns a future, because its body is moved into a closure. The body of a method that
/// takes `self` by value and passes it to a macro is moved into a closure, too. A method with
/// `#[track_caller]` is the exception: there macros like `assert!` print `__self`.
///
/// The attribute can be above or below other attributes. Below `#[tokio::main]` and `#[tokio::test]`
/// the scope is around the whole runtime, and a value cannot contain `.await`. Below `#[rstest]` a
/// value cannot use the cases.
///
/// A closure or an `async` block inside the function may be marked `#[inherit_context]` or
/// `#[detach_context]`, see [`inherit_context`](macro@inherit_context). If the crate is renamed or
/// re-exported, add `crate = path`.
///
/// # Expansion
///
/// ```text
/// #[with_context(user = name)]
/// fn handle(name: String, id: u64) -> Result<u64, Error> { body }
///
/// #[with_context(user = name)]
/// async fn handle_later(name: String, id: u64) -> Result<u64, Error> { body }
/// ```
///
/// becomes (apart from the local names, which begin with `__context_vars_`)
///
/// ```text
/// fn handle(name: String, id: u64) -> Result<u64, Error> {
///     let _scope = SyncScope::enter();
///     let name = name; // so that they are dropped
///     let id = id;     // before the scope is left
///     let value_0 = Computed { var: &USER, value: name };
///     value_0.set();
///     match () {
///         () => { body }
///     }
/// }
///
/// async fn handle_later(name: String, id: u64) -> Result<u64, Error> {
///     scope(async move {
///         let _ = &id;   // captured in the order in which
///         let _ = &name; // they should be dropped
///         if false {
///             return never::<Result<u64, Error>>(); // for type inference
///         }
///         let value_0 = Computed { var: &USER, value: name };
///         value_0.set();
///         match () {
///             () => { body }
///         }
///     })
///     .await
/// }
/// ```
///
/// # Cost
///
/// A call costs one copy of the current context, which does not depend on the number of variables,
/// and one value for each variable that is set. A future, whose size is first rounded up to whole
/// words, grows by at most five words. It also grows by its arguments if they were not kept over an
/// `.await` before.
#[proc_macro_attribute]
pub fn with_context(arguments: TokenStream, item: TokenStream) -> TokenStream {
    with_context::with_context(arguments.into(), item.into()).into()
}

/// Makes the work that a function spawns inherit the context.
///
/// ```
/// use context_vars::{context_var, inherit_context};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// #[inherit_context]
/// fn fan_out(names: Vec<String>) -> Vec<String> {
///     let greet = |name: String| format!("{} greets {name}", USER.get());
///     let threads = names.into_iter().map(|name| {
///         std::thread::spawn(move || greet(name)) // sees what `USER` is here
///     });
///     threads.map(|thread| thread.join().unwrap()).collect()
/// }
///
/// # fn main() {
/// let greetings = USER.sync_scope("alice", || fan_out(vec!["bob".to_owned()]));
/// assert_eq!(greetings, ["alice greets bob"]);
/// # }
/// ```
///
/// Work that inherits runs in a copy of the context that was current where the work was spawned.
/// Neither side sees later changes of the other.
///
/// # Work that inherits
///
/// The attribute is neutral: a function that compiles without it compiles with it, evaluates
/// everything once and in the same order, and is `Send` if it was before. The page on
/// [limitations](https://docs.rs/context-vars/latest/context_vars/docs/limitations/) lists the
/// exceptions. Three rules determine the work that inherits:
///
/// 1. **Literals.** Closures and `async` blocks inherit if they are arguments of certain calls.
///    These are calls whose last name is `spawn` or begins with `spawn_`, calls whose path begins
///    with `rayon::`, and calls of a method `install`. They may be inside of `Box::new`, `Box::pin`,
///    `Arc::new` and `Rc::new`, or be the last expression of a `{ block }`. Calls inside macros like
///    `select!`, `join!` and `vec!` are found.
/// 2. **Named work.** The functions `spawn`, `spawn_blocking`, `spawn_local`, `spawn_on`,
///    `spawn_local_on`, `spawn_blocking_on`, `spawn_fifo`, `spawn_broadcast`, `spawn_pinned`,
///    `spawn_scoped`, `spawn_with_handle` and `spawn_local_with_handle` take nothing but work. Their
///    argument can be a variable, a field, the name of a function or a call. It inherits if its type
///    is a future, a function or closure without parameters, or a box of one of these. All other
///    arguments are passed on unchanged, and so are those of other functions named `spawn_…`.
/// 3. **Marks.** A closure or an `async` block anywhere in the function inherits if it is marked, see
///    below.
///
/// The type of named work must be known before the call. So an argument whose type is inferred from
/// the parameter is passed on unchanged: `text.into()`, `list.collect()`, `Default::default()`, and
/// a variable that is declared without showing its type. `{ job }` in braces is passed on
/// unchanged, too.
///
/// `rayon::in_place_scope` runs on the calling thread, in its context.
///
/// A closure that was `Fn`, `FnMut`, `Clone` or `'static` stays so. The exception is a closure that
/// uses its parameters, captures variables, and has no `move`. If it is marked or given to one of the
/// functions in rule 2, it can be called only once. If it is given to another `spawn_…`, it borrows its
/// context from the enclosing block, unless everything that it captures may be moved, as `name` is in
/// `take(name)`. Write `move` before such a closure if rustc rejects it.
///
/// # Marks
///
/// A closure or an `async` block anywhere in the function inherits if it is marked
/// `#[inherit_context]`, and runs in an empty context if it is marked `#[detach_context]`:
///
/// ```
/// # use context_vars::{context_var, inherit_context};
/// # context_var! { static USER: &str = "anonymous"; }
/// #[inherit_context]
/// fn callbacks() -> [&'static str; 2] {
///     let mine = #[inherit_context]
///     move || USER.get();
///     let detached = #[detach_context]
///     move || USER.get();
///     USER.sync_scope("bob", || [mine(), detached()])
/// }
///
/// # fn main() {
/// assert_eq!(USER.sync_scope("alice", callbacks), ["alice", "anonymous"]);
/// # }
/// ```
///
/// Functions inside the function stay unchanged. A function in which nothing could inherit is an
/// error. If the crate is renamed or re-exported, add `crate = path`.
///
/// # Expansion
///
/// ```text
/// #[inherit_context]
/// fn fan_out(job: Job, log: &Log, later: impl Future) {
///     std::thread::spawn(move || job.run());
///     rayon::join(|| log.write(1), || log.write(2));
///     tokio::spawn(async { work().await });
///     tokio::spawn(later);
/// }
/// ```
///
/// becomes (apart from the local names, which begin with `__context_vars_`)
///
/// ```text
/// #[allow(clippy::disallowed_methods)] // none of these is a raw spawn any more
/// fn fan_out(job: Job, log: &Log, later: impl Future) {
///     std::thread::spawn({
///         let context = Inherited::current();
///         move || {
///             let mut context = Inherited::again(&context);
///             let _scope = Inherited::enter(&mut context);
///             match () {
///                 () => job.run(),
///             }
///         }
///     });
///     rayon::join(
///         {
///             let context = Inherited::current();
///             let mut work = || log.write(1); // captures what it did
///             move || {
///                 let mut context = Inherited::again(&context);
///                 let _scope = Inherited::enter(&mut context);
///                 work()
///             }
///         },
///         /* … */
///     );
///     tokio::spawn(Inherited::current().future(async { work().await }));
///     tokio::spawn({
///         use by_type::answers::*;
///         let tag = if false {
///             (&&&&&&&&Probe(&later)).__context_vars_tag() // its type alone counts
///         } else {
///             Tag::new()
///         };
///         let (context, mut call, rest) = tag.split(later);
///         tag.join(move || { /* enter a copy of `context` */ call() }, rest)
///     });
/// }
/// ```
///
/// # Cost
///
/// Each closure or block costs one increment of a reference count where it is spawned, and two swaps
/// of two words for each run or poll.
#[proc_macro_attribute]
pub fn inherit_context(arguments: TokenStream, item: TokenStream) -> TokenStream {
    inherit_context::inherit_context(arguments.into(), item.into()).into()
}

/// Makes a closure or an `async` block run in an empty context, as a mark inside of a function with
/// [`#[inherit_context]`](macro@inherit_context) or [`#[with_context]`](macro@with_context).
///
/// ```
/// use context_vars::{context_var, inherit_context};
///
/// context_var! {
///     static USER: &str = "anonymous";
/// }
///
/// #[inherit_context]
/// fn spawn_housekeeping() -> std::thread::JoinHandle<&'static str> {
///     std::thread::spawn(
///         #[detach_context]
///         || USER.get(),
///     )
/// }
///
/// # fn main() {
/// let user = USER.sync_scope("alice", || spawn_housekeeping().join().unwrap());
/// assert_eq!(user, "anonymous");
/// # }
/// ```
///
/// The function's attribute reads the mark, so the mark needs no import. This macro exists only to
/// report a mark in any other place as an error.
#[proc_macro_attribute]
pub fn detach_context(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    detach_context::detach_context(item.into()).into()
}
