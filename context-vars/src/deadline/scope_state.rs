//! The ends of scopes, and of the work that ends with its scope.

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
/// The outermost is the request. A scope inside it that has *completed* did what it was for, so what
/// asks afterwards belongs to the nearest scope around it that has not. A scope that was dropped or
/// ran out of time ends all that is inside, now and later.
pub(super) struct ScopeState {
    /// The way in which the scope ended, if it has, and [`LOCK_AT_END`].
    flags: AtomicU8,
    is_outermost: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    /// `None` for the outermost scope, and for one that has ended for all that is inside.
    parent: Option<Arc<ScopeState>>,
    /// Cancelled by the end of this scope, or of one around it. Created when work first asks for it,
    /// because most scopes have no such work.
    token: Option<CancellationToken>,
    /// When a timer ends the scope, if nothing that is polled does so earlier, and the runtime of the timer:
    /// that of the request, because the work that waits first can be on a plain thread, or in a runtime that
    /// is dropped before. Dropped at the end of the scope, because a context that holds the scope can be kept
    /// for longer than the runtime.
    ends_at: Option<(Instant, Handle)>,
}

const COMPLETED: u8 = 1;
const DROPPED: u8 = 2;
const ELAPSED: u8 = 3;
/// Set before a token or the time of a timer is kept, under the lock: the end of a scope without it needs no
/// lock.
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
        // Nothing panics while it is locked.
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

    /// Ends the scope; the first end counts.
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
            // No completed scope keeps one around it that completed before. Otherwise a chain of tasks
            // of which each spawns the next would keep the scopes of all.
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
        // Outside of the lock, because a token calls wakers, and the last handle of a runtime drops its hooks.
        if let Some(token) = token {
            token.cancel();
        }
        drop(ends_at);
    }

    /// Ends the scope at `deadline`, if it has not ended, for the work that waits for its end.
    ///
    /// A scope without such work has no timer, because nothing would notice.
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

    /// Lets the end of the scope take what is kept under the lock. Returns `false` if the scope has ended.
    ///
    /// Called under the lock, for which the end then waits.
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
        // On a runtime whose plain spawns inherit, the task would keep the values of its request.
        detached(|| drop(runtime.spawn(timer)));
    }

    /// Ends a scope that was dropped before it was done, perhaps because one around it has ended.
    pub(super) fn end_dropped(&self) {
        if self.own_end().is_none() {
            let outer = self.around().and_then(|outer| outer.ended());
            self.end(outer.unwrap_or(CancelledKind::Dropped));
        }
    }

    /// Returns this scope, or if it has completed the nearest one around it that has not. Returns the
    /// outermost if all have.
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

    /// Returns how this scope or one around it ended, if what asks now must end with it.
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
                // The scope that ended has left the chain, which only a completed one does.
                None => return CancelledKind::Completed,
            }
        }
    }

    /// Returns a token that is cancelled when this scope ends, or one around it.
    ///
    /// Of those around it the completed ones do not count, by the rule of
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

    /// Returns the token that is there, unless it was cancelled by a scope around that has completed
    /// since.
    fn live_token(&self) -> Option<CancellationToken> {
        let token = self.lock().token.clone()?;
        (!token.is_cancelled()).then_some(token)
    }

    /// Keeps a new token, unless another thread was faster, and returns what is kept.
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
