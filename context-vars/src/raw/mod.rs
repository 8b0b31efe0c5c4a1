//! What a context is made of.

pub(crate) mod sync;
pub(crate) mod refcount;
pub(crate) mod var_id;
pub(crate) mod first;
pub(crate) mod pool;
#[allow(unsafe_code)] // the erased value
pub(crate) mod value;
#[allow(unsafe_code)] // the node
pub(crate) mod map;
pub(crate) mod context;
pub(crate) mod companion;
pub(crate) mod thread;
