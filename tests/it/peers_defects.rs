//! Defects that other systems have or had, each absent here.
//!
//! Names of systems are left out: what matters is the symptom.

use context_vars::context_var;
use tokio::runtime::{Builder, Runtime};

use self::values::Fragile;
use crate::support::{DropHook, Tracked};

mod work;
mod values;
mod drops;

context_var! {
    static USER: &str = "anonymous";
    static REQUEST_ID: u32;
    static TENANT: u32;
    static TEXT: String;
    static TRACKED: Tracked;
    static HOOK: DropHook;
    #[no_inherit]
    static LOCAL_HOOK: DropHook;
    static FRAGILE: Fragile;
    static NOTE: &str;
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_workers() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}
