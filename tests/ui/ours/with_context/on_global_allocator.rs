use std::alloc::{GlobalAlloc, Layout, System};

use context_vars::with_context;

struct Counting;

unsafe impl GlobalAlloc for Counting {
    #[with_context]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    #[with_context]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn main() {}
