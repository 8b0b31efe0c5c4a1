//! The state of scopes: how they end, and the work that ends with them.

use core::mem;
use core::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::error::CancelledKind;
use crate::inherit::detached;

/// The state of a scope: open or ended, and the scopes around it.
///
/// The outermost scope is the request. A scope inside it that has *completed* has served its
/// purpose, so work that is wrapped afterwards belongs to the nearest scope around it that has not
/// completed. A scope that was dropped or ran out of time ends all work inside it, including work
/// that is wrapped later.
pub(super) struct ScopeState {
    /// The way in which the scope ended, if it has, and [`LOCK_AT_END`].
    flags: AtomicU8,
    is_outermost: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    /// `None` for the outermost scope, and for a scope that was dropped or ran out of time.
    parent: Option<Arc<ScopeState>>,
    /// Cancelled by the end of this scope, or of a scope around it. Created when work first waits
    /// for that end, because in most scopes no work does.
    token: Option<CancellationToken>,
    /// The time at which a timer ends the scope, unless a poll ends it earlier, and the runtime of the timer.
    /// It is the runtime of the request, because the work that waits first can be on a plain thread, or in a
    /// runtime that is dropped earlier. The handle is dropped at the end of the scope, because a context that
    /// holds the scope can outlive the runtime.
    ends_at: Option<(Instant, Handle)>,
}

const COMPLETED: u8 = 1;
const DROPPED: u8 = 2;
const ELAPSED: u8 = 3;
/// Set under the lock before a token or the time of a timer is stored. A scope without this flag ends
/// without the lock.
const LOCK_AT_END: u8 = 4;

impl ScopeState {
    /// Creates the state of a scope that begins inside `outer`.
    pub(super) fn within(outer: Option<&Arc<Self>>) -> Arc<Self> {
        let parent = outer.map(Self::nearest);
        Arc::new(Self {
            flags: AtomicU8::new(0),
            is_outermost: parent.is_none(),
            inner: Mutex::new(Inner {
                parent,
                token: None,
                ends_at: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held, so the state is consistent even if the lock is
        // poisoned.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how this scope itself ended.
    fn own_end(&self) -> Option<CancelledKind> {
        match self.flags.load(Ordering::Acquire) & !LOCK_AT_END {
            0 => None,
            COMPLETED => Some(CancelledKind::Completed),
            DROPPED => Some(CancelledKind::Dropped),
            _ => Some(CancelledKind::Elapsed),
        }
    }

    /// Ends the scope, unless it has ended before.
    pub(super) fn end(&self, how: CancelledKind) {
        let end = match how {
            CancelledKind::Completed => COMPLETED,
            CancelledKind::Dropped => DROPPED,
            CancelledKind::Elapsed => ELAPSED,
        };
        let ended = |flags| (flags & !LOCK_AT_END == 0).then_some(flags | end);
        let (order, load) = (Ordering::AcqRel, Ordering::Acquire);
        let Ok(before) = self.flags.fetch_update(order, load, ended) else {
            return;
        };
        if before & LOCK_AT_END != 0 {
            self.notify_waiting();
        }
        if how == CancelledKind::Completed {
            // A completed scope must not keep a scope around it that completed earlier. Otherwise a
            // chain of tasks, each of which spawns the next, would keep the scopes of all tasks alive.
            let outer = |inner: &Inner| inner.parent.as_ref().and_then(|outer| outer.own_end());
            if !self.is_outermost && outer(&self.lock()) == Some(CancelledKind::Completed) {
                self.around();
            }
        } else if !self.is_outermost {
            let parent = self.lock().parent.take();
            drop(parent);
        }
    }

    /// Cancels the token of a scope that has ended, and drops the time of its timer.
    fn notify_waiting(&self) {
        let (token, ends_at) = {
            let mut inner = self.lock();
            (inner.token.take(), inner.ends_at.take())
        };
        // Both are done outside of the lock, because a token calls wakers, and the last handle of a runtime
        // drops the runtime's hooks.
        if let Some(token) = token {
            token.cancel();
        }
        drop(ends_at);
    }

    /// Ends the scope at `deadline`, if it has not ended, for the work that waits for its end.
    ///
    /// A scope without such work has no timer, because no work would notice the end.
    #[cfg(feature = "http")]
    pub(super) fn end_at(self: &Arc<Self>, deadline: Instant) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let token = {
            let mut inner = self.lock();
            if self.will_lock_at_end() {
                inner.ends_at = Some((deadline, runtime.clone()));
            }
            inner.token.clone()
        };
        if let Some(token) = token {
            self.start_timer(token, deadline, &runtime);
        }
    }

    /// Makes the end of the scope take the lock and whatever is stored under it. Returns `false` if the
    /// scope has ended already.
    ///
    /// Must be called under the lock. An end of the scope after this call waits for the lock.
    fn will_lock_at_end(&self) -> bool {
        self.flags.fetch_or(LOCK_AT_END, Ordering::AcqRel) & !LOCK_AT_END == 0
    }

    /// Spawns a task that ends the scope at `deadline`, unless `token` is cancelled first.
    #[cold]
    fn start_timer(
        self: &Arc<Self>,
        token: CancellationToken,
        deadline: Instant,
        runtime: &Handle,
    ) {
        let scope = Arc::downgrade(self);
        let timer = async move {
            let elapsed = token.run_until_cancelled(sleep_until(deadline)).await;
            if let (Some(()), Some(scope)) = (elapsed, scope.upgrade()) {
                scope.end(CancelledKind::Elapsed);
            }
        };
        // The task is detached, because on a runtime whose plain spawns inherit it would otherwise
        // keep the values of its request alive.
        detached(|| drop(runtime.spawn(timer)));
    }

    /// Ends a scope that was dropped before it completed, perhaps because a scope around it has
    /// ended.
    pub(super) fn end_dropped(&self) {
        if self.own_end().is_none() {
            let outer = self.around().and_then(|outer| outer.ended());
            self.end(outer.unwrap_or(CancelledKind::Dropped));
        }
    }

    /// Returns this scope, or the nearest scope around it that has not completed if this one has.
    /// Returns the outermost scope if all have completed.
    pub(super) fn nearest(self: &Arc<Self>) -> Arc<Self> {
        let mut scope = Arc::clone(self);
        while scope.own_end() == Some(CancelledKind::Completed) {
            let parent = scope.lock().parent.clone();
            match parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope
    }

    /// Returns the nearest scope around this one, by the rule of [`nearest`](Self::nearest).
    fn around(&self) -> Option<Arc<Self>> {
        if self.is_outermost {
            return None;
        }
        let parent = self.lock().parent.clone()?;
        let nearest = parent.nearest();
        if !Arc::ptr_eq(&parent, &nearest) {
            let mut inner = self.lock();
            if inner.parent.is_some() {
                let completed = inner.parent.replace(nearest.clone());
                drop(inner);
                drop(completed);
            }
        }
        Some(nearest)
    }

    /// Returns how this scope or a scope around it ended, if the work that calls this must end with
    /// it.
    pub(super) fn ended(&self) -> Option<CancelledKind> {
        let mut outer: Option<Arc<Self>> = None;
        loop {
            let scope = outer.as_deref().unwrap_or(self);
            match scope.own_end() {
                Some(CancelledKind::Completed) if !scope.is_outermost => {}
                Some(how) => return Some(how),
                None => {}
            }
            outer = Some(scope.around()?);
        }
    }

    /// Returns why a token of this scope was cancelled.
    pub(super) fn cause(self: &Arc<Self>) -> CancelledKind {
        let mut scope = Arc::clone(self);
        loop {
            if let Some(ended) = scope.own_end() {
                return ended;
            }
            let parent = scope.lock().parent.clone();
            match parent {
                Some(parent) => scope = parent,
                // The scope that ended is no longer in the chain, and only completed scopes are
                // removed from it.
                None => return CancelledKind::Completed,
            }
        }
    }

    /// Returns a token that is cancelled when this scope or a scope around it ends.
    ///
    /// Scopes around this one that have completed do not count, by the rule of
    /// [`nearest`](Self::nearest).
    pub(super) fn token(self: &Arc<Self>) -> CancellationToken {
        // In a loop, because a chain of scopes can be longer than the stack is deep.
        let mut inside = Vec::new();
        let mut scope = Arc::clone(self);
        let mut token = loop {
            if let Some(token) = scope.live_token() {
                break token;
            }
            match scope.around() {
                Some(outer) => inside.push(mem::replace(&mut scope, outer)),
                None => break scope.keep(CancellationToken::new()),
            }
        };
        while let Some(scope) = inside.pop() {
            token = scope.keep(token.child_token());
        }
        token
    }

    /// Returns the existing token, unless it was cancelled because a scope around this one has
    /// completed since.
    fn live_token(&self) -> Option<CancellationToken> {
        let token = self.lock().token.clone()?;
        (!token.is_cancelled()).then_some(token)
    }

    /// Stores a new token, unless another thread has stored one first, and returns the stored
    /// token.
    fn keep(self: &Arc<Self>, new: CancellationToken) -> CancellationToken {
        let mut inner = self.lock();
        if !self.will_lock_at_end() {
            drop(inner);
            new.cancel(); // it has ended
            return new;
        }
        match &inner.token {
            Some(token) if !token.is_cancelled() => token.clone(),
            _ => {
                inner.token = Some(new.clone());
                let ends_at = inner.ends_at.clone();
                drop(inner);
                if let Some((deadline, runtime)) = ends_at {
                    self.start_timer(new.clone(), deadline, &runtime);
                }
                new
            }
        }
    }
}

impl Drop for ScopeState {
    /// Drops the scopes around it in a loop, because their chain can be longer than the stack is deep.
    fn drop(&mut self) {
        let mut next = take_parent(self);
        while let Some(scope) = next {
            next = Arc::into_inner(scope).and_then(|mut scope| take_parent(&mut scope));
        }
    }
}

fn take_parent(scope: &mut ScopeState) -> Option<Arc<ScopeState>> {
    let inner = scope.inner.get_mut();
    inner.unwrap_or_else(PoisonError::into_inner).parent.take()
}
