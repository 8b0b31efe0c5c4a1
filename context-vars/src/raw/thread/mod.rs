//! The current context of each thread: read, changed, copied, and swapped for another.
//!
//! There is one mechanism for everything that runs in another context: `run`, a scope, a poll, and
//! inherited work. The two words of its `RawContext` are swapped with those in the thread's state, and
//! swapped back when the work returns or panics.

mod entry;
mod attachments;
mod running_drops;
mod init_stack;
mod state;
mod release;
mod exit;
mod read;
mod write;
mod fork;
mod enter;
mod attach;
mod task_poll;
mod drop_glue;
mod default;

pub(crate) use self::attach::Attachment;
pub(crate) use self::default::DefaultCell;
pub(crate) use self::drop_glue::{enter_for_drop, leave_after_drop, stay_for_drop};
pub use self::enter::SyncScope;
pub(crate) use self::enter::{Entered, FinalScope, run_in};
pub(crate) use self::entry::EntryOwner;
pub(crate) use self::fork::{
    adopt_locals, copy, copy_for_scope, copy_with, is_root, remove_locals, snapshot,
};
#[cfg(feature = "http")]
pub(crate) use self::read::has_value;
pub(crate) use self::read::{is_set, with};
#[cfg(all(feature = "tokio", tokio_unstable))]
pub(crate) use self::task_poll::{TaskContext, TaskKey, call_as_owner};
pub(crate) use self::write::{may_set, new_scope_value, new_value, reset, set, set_in};
pub use self::write::{set_all, set_one};
