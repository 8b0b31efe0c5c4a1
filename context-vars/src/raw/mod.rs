//! The data structures of contexts. All `unsafe` code and every `thread_local!` of the crate is in here.
//!
//! # Why it is sound
//!
//! 1. **Values.** A value is a heap block `{reference count, operations, key, T}`. It never moves,
//!    and after it was written nothing writes it until the last reference is released. A `&T` is
//!    therefore valid for as long as a reference is held, on any thread. `T: Send + Sync` is required
//!    where a value is created; `Send` and `Sync` of everything built on values depend on that.
//! 2. **Types.** The key determines the type of every value under its id: a
//!    [`TypedKey<T>`](key::TypedKey) is needed to create a value, to set it, and to read it as a
//!    `T`. Ids are unique.
//! 3. **Nodes.** A node is written only through a [`Map`](map::Map) that holds its only reference;
//!    the count of the static empty node is never 1. A node that is shared with another map, perhaps
//!    on another thread, is therefore never written, not even its `Cell`s.
//! 4. **The current context** is in the state of one thread and nowhere else. Entering a context moves it
//!    into that state, and the context around it becomes a `Previous`, which allows nothing but making
//!    that context current again on the same thread. Therefore only this thread reads or writes the
//!    current context. During a poll or `run`, the home from which a context was moved still contains its
//!    words. The home stays borrowed until other words have been written there, even if the work panics.
//! 5. **Reads.** The `&T` inside `with` stays valid although user code may do anything meanwhile,
//!    because only this thread can release the reference that the current context holds. It releases
//!    references through one function, [`ThreadHeap::release`](heap::ThreadHeap::release). It hands
//!    references out in four places: a `set` to a token, a leave to the context's owner, an attached
//!    context that is taken out from under another, and the thread's end. All of them first take a
//!    reference for every active read.
//! 6. **Borrowed forks.** The scope of a synchronous function starts as a bitwise copy that takes no
//!    references. The context from which it borrows is in a `BorrowedPrevious`, which is not touched
//!    until the scope's context has been taken out of the thread's state. Dropping the scope's context
//!    touches only what that context owns. No code that may allocate runs between the copy and the
//!    moment of entering, because an allocator may set variables, which would free borrowed values.
//!    Every path that has to allocate takes references instead. A fork that is copied first takes
//!    references to everything that it borrows. So does a fork that has not ended when an attached
//!    context below it is taken out.
//! 7. **Nesting.** Frames of reads, scopes and entered contexts nest strictly, because closures, polls
//!    and functions create them. Attached contexts do not; the module `attach` of [`thread`] describes
//!    how a frame ends those inside of it. The order is nevertheless checked when a frame ends, because
//!    a coroutine library that switches stacks could break it. If a frame ends out of order, the
//!    process is aborted. The check compares the ids of entries. No two entries on a thread have the
//!    same id while both are entered. The id of a scope is an odd number that is counted up (2^31
//!    numbers on 32 bits). Every other id is the address of an `EntryOwner` that exists, and may be
//!    read, as long as the context is entered. The owner is on the stack of the function that polls or
//!    runs, or in the box of an attached context. Contexts that are entered for a drop are left in the
//!    order in which drops end. A coroutine that suspends in such a drop can make the thread continue
//!    in another context, but cannot do more. Its stack stays unchanged until it continues or unwinds,
//!    as `pin!` and the borrows of every suspended function require.
//! 8. **User code** (a `Drop`, a default, a closure that is called with a value) runs only while the
//!    state of the thread is consistent. A replaced value is moved out first and dropped last.
//! 9. **Pinned work** is dropped in place, inside its context, and before its stage is overwritten.
//!    The guard of a companion's state is dropped before the state that it borrows from.
//! 10. **Thread end.** The state of a thread has no destructor, so it can be used in the
//!     destructors of other thread-locals. A second thread-local empties the root when the thread
//!     ends.

pub(crate) mod abort;
mod sync;
mod refcount;
pub(crate) mod task_id;
mod var_id;
pub(crate) mod key;
mod pool;
mod value_ptr;
mod heap;
pub(crate) mod value;
mod map;
pub(crate) mod context;
pub(crate) mod companion;
pub(crate) mod carried;
pub(crate) mod thread;
pub(crate) mod stage;
