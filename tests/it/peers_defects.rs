//! Defects that other systems have or had, each absent here; most have their test in the module
//! of their subject.
//!
//! Names of systems are left out: what matters is the symptom.

use context_vars::context_var;

use crate::support::DropHook;

mod work;
mod drops;

context_var! {
    static REQUEST_ID: u32;
    #[no_inherit]
    static LOCAL_HOOK: DropHook;
    static NOTE: &str;
}
