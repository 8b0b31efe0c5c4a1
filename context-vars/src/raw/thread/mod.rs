//! The current context of each thread: read, changed, copied, and swapped for another.
//!
//! There is one mechanism. Whatever has a context of its own (`run`, a scope, a poll, inherited
//! work) swaps the two words of its [`State`](crate::raw::context::State) with those in the thread's
//! [`Slot`](state::Slot), and swaps them back on every way out.
//!
//! # Why it is sound
//!
//! All `unsafe` of this folder is in `slot.rs`; the files after it are written in safe code. They
//! and their callers owe it one thing, which debug builds assert: a value goes under the number of
//! its own variable (`value.rs` says who sees to that). The rest holds whatever they do.
//!
//! 1. A context that is entered lies in the slot of one thread and nowhere else:
//!    [`Slot::enter`](state::Slot::enter) takes it by value, and hands out the outer one as an
//!    [`Outer`](state::Outer), which can only be made current again, on the same thread. So only
//!    this thread reads or writes what is current, and a node in it that has one reference is
//!    nobody else's.
//! 2. `&T` inside [`with`] stays valid, because only this thread can take away the reference that
//!    the current context holds. It gives references back through one function, `give_back`, and
//!    hands them out through three: `Slot::replace` to a token, `Slot::leave` to the context's
//!    owner and `Slot::take_root` at thread end; what they hand out may go to another thread. All
//!    first take a reference for every read that is open ([`OpenReads`](crate::raw::value::OpenReads)).
//! 3. Frames, scopes and entered contexts nest strictly, because closures, polls and functions
//!    make them. It is checked all the same when one ends, since a stack switched by a coroutine
//!    library could break it: out of order, the process is aborted.
//! 4. A scope's map leans on the one around it (`storage.rs`). That one lies untouched in the
//!    [`Leant`](state::Leant) until the scope's own is taken out of the slot, to be released by the
//!    same function, which touches only what the scope's own has. A `Leant` that is forgotten
//!    keeps it for ever.
//! 5. User code (a `Drop`, a default, what is called with a value) runs only while the slot is
//!    whole: what is displaced is moved out first and dropped last.
//! 6. The slot itself has no destructor, so it can be used in those of other thread-locals. A
//!    second thread-local empties it when the thread ends.

mod init_stack;
#[allow(unsafe_code)] // the thread's slot
mod state;
mod exit;
mod write;
mod enter;
mod attach;
mod default;

#[cfg(all(feature = "tokio", tokio_unstable))]
pub(crate) use attach::Visit;
pub(crate) use default::default_of;
pub use enter::SyncScope;
#[cfg(feature = "tokio")]
pub(crate) use enter::is_root;
pub(crate) use enter::{Entered, copy, copy_with, leave_locals, snapshot, take_locals};
pub(crate) use state::{is_set, with};
pub(crate) use write::{new_value, put, replace_in, reset, set};
