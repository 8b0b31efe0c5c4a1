//! A thousand context variables, a hundred that are not inherited, and what can be done with one
//! whose type is not known.

use std::any::Any;
use std::pin::Pin;
use std::sync::Once;

use context_vars::__private::{Computed, ScopeValue};
use context_vars::{Context, ContextVar, ResetErrorKind, Token};

use crate::value::{Spec, Val};

/// A future of no result.
pub type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The operations of the programs on a variable.
pub trait AnyVar: Sync {
    fn name(&self) -> &'static str;
    fn module_path(&self) -> &'static str;
    fn read(&'static self) -> Option<u64>;
    /// As `read`, with a clone.
    fn get(&'static self) -> Option<u64>;
    fn get_or(&'static self, fallback: u64) -> u64;
    /// Looks at the value before and after `inside`.
    fn with(&'static self, inside: &mut dyn FnMut(u64)) -> Option<u64>;
    fn is_set(&'static self) -> bool;
    fn set(&'static self, spec: Spec) -> Box<dyn AnyToken>;
    fn unset(&'static self) -> Box<dyn AnyToken>;
    /// Creates a value of the scope of an annotated function, to be set with the others.
    fn prepare(&'static self, spec: Spec) -> ScopeValue;
    fn sync_scope(&'static self, spec: Spec, inside: &mut dyn FnMut());
    fn scope(&'static self, spec: Spec, future: Boxed) -> Boxed;
    fn with_value(&'static self, context: Context, spec: Spec) -> Context;
    fn without(&'static self, context: Context) -> Context;
    fn look(&'static self, context: &Context) -> Option<u64>;
    fn contained(&'static self, context: &Context) -> bool;
    fn id_of(&self, entry: &context_vars::Entry<'_>) -> Option<u64>;
    fn as_any(&'static self) -> &'static dyn Any;
}

impl<const PAD: usize> AnyVar for ContextVar<Val<PAD>> {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn module_path(&self) -> &'static str {
        self.module_path()
    }

    fn read(&'static self) -> Option<u64> {
        self.try_with(Val::id).ok()
    }

    fn get(&'static self) -> Option<u64> {
        self.try_get().ok().map(|value| value.id())
    }

    fn get_or(&'static self, fallback: u64) -> u64 {
        self.get_or_else(|| Val::of_default(fallback)).id()
    }

    fn with(&'static self, inside: &mut dyn FnMut(u64)) -> Option<u64> {
        let looked = self.try_with(|value| {
            let id = value.id();
            inside(id);
            assert_eq!(value.id(), id, "the value changed while it was looked at");
            id
        });
        looked.ok()
    }

    fn is_set(&'static self) -> bool {
        self.is_set()
    }

    fn set(&'static self, spec: Spec) -> Box<dyn AnyToken> {
        Box::new(self.set(Val::new(spec)))
    }

    fn unset(&'static self) -> Box<dyn AnyToken> {
        Box::new(self.unset())
    }

    fn prepare(&'static self, spec: Spec) -> ScopeValue {
        let value = Val::new(spec);
        Computed { var: self, value }.prepare()
    }

    fn sync_scope(&'static self, spec: Spec, inside: &mut dyn FnMut()) {
        self.sync_scope(Val::new(spec), inside);
    }

    fn scope(&'static self, spec: Spec, future: Boxed) -> Boxed {
        Box::pin(self.scope(Val::new(spec), future))
    }

    fn with_value(&'static self, context: Context, spec: Spec) -> Context {
        context.with_value(self, Val::new(spec))
    }

    fn without(&'static self, context: Context) -> Context {
        context.without(self)
    }

    fn look(&'static self, context: &Context) -> Option<u64> {
        context.get(self).map(Val::id)
    }

    fn contained(&'static self, context: &Context) -> bool {
        context.contains(self)
    }

    fn id_of(&self, entry: &context_vars::Entry<'_>) -> Option<u64> {
        entry.downcast_ref::<Val<PAD>>().map(Val::id)
    }

    fn as_any(&'static self) -> &'static dyn Any {
        self
    }
}

/// A token whose type is not known.
pub trait AnyToken: Send {
    fn old(&self) -> Option<u64>;
    /// Returns whether the variable is of the same type.
    fn fits(&self, var: &'static dyn AnyVar) -> bool;
    /// By the token itself, or by a variable of the same type.
    fn reset(self: Box<Self>, by: Option<&'static dyn AnyVar>) -> ResetOutcome;
}

pub enum ResetOutcome {
    Done,
    Refused(ResetErrorKind, Box<dyn AnyToken>),
}

impl<const PAD: usize> AnyToken for Token<Val<PAD>> {
    fn old(&self) -> Option<u64> {
        self.old_value().map(Val::id)
    }

    fn fits(&self, var: &'static dyn AnyVar) -> bool {
        var.as_any().is::<ContextVar<Val<PAD>>>()
    }

    fn reset(self: Box<Self>, by: Option<&'static dyn AnyVar>) -> ResetOutcome {
        let by = by.map(|var| var.as_any().downcast_ref::<ContextVar<Val<PAD>>>());
        let result = match by {
            None => Token::reset(*self),
            Some(var) => var.expect("a variable that fits").reset(*self),
        };
        match result {
            Ok(()) => ResetOutcome::Done,
            Err(error) => {
                let kind = error.kind();
                ResetOutcome::Refused(kind, Box::new(error.into_token()))
            }
        }
    }
}

/// A variable and the number of its default.
pub struct Declared {
    pub var: &'static dyn AnyVar,
    pub default: Option<u64>,
}

/// A number for the default of the variable `name` of `module`, unlike those of values.
const fn id_of_default(module: &str, name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut n = 0;
    while n < module.len() + name.len() {
        let byte = if n < module.len() {
            module.as_bytes()[n]
        } else {
            name.as_bytes()[n - module.len()]
        };
        hash = (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3);
        n += 1;
    }
    hash | 1 << 63
}

macro_rules! ten_variables {
    ($module:ident $(#[$attribute:meta])?) => {
        mod $module {
            use crate::value::Val;
            use crate::variables::{Declared, id_of_default};

            const FIRST: u64 = id_of_default(module_path!(), "V1");
            const SECOND: u64 = id_of_default(module_path!(), "V6");

            // The values' blocks are of 32 bytes, 64, 128, and too large for a free list.
            context_vars::context_var! {
                $(#[$attribute])? static V0: Val<0>;
                $(#[$attribute])? static V1: Val<0> = Val::of_default(FIRST);
                $(#[$attribute])? static V2: Val<24>;
                $(#[$attribute])? static V3: Val<0>;
                $(#[$attribute])? static V4: Val<88>;
                $(#[$attribute])? static V5: Val<0>;
                $(#[$attribute])? static V6: Val<200> = Val::of_default(SECOND);
                $(#[$attribute])? static V7: Val<24>;
                $(#[$attribute])? static V8: Val<0>;
                $(#[$attribute])? static V9: Val<0>;
            }

            pub(super) static TEN: [Declared; 10] = [
                Declared { var: &V0, default: None },
                Declared { var: &V1, default: Some(FIRST) },
                Declared { var: &V2, default: None },
                Declared { var: &V3, default: None },
                Declared { var: &V4, default: None },
                Declared { var: &V5, default: None },
                Declared { var: &V6, default: Some(SECOND) },
                Declared { var: &V7, default: None },
                Declared { var: &V8, default: None },
                Declared { var: &V9, default: None },
            ];
        }
    };
}

macro_rules! inherited {
    ($($module:ident)*) => {
        $(ten_variables!($module);)*
        static INHERITED: &[&[Declared; 10]] = &[$(&$module::TEN),*];
    };
}

macro_rules! not_inherited {
    ($($module:ident)*) => {
        $(ten_variables!($module #[no_inherit]);)*
        static NOT_INHERITED: &[&[Declared; 10]] = &[$(&$module::TEN),*];
    };
}

#[rustfmt::skip]
inherited! {
    m00 m01 m02 m03 m04 m05 m06 m07 m08 m09 m10 m11 m12 m13 m14 m15 m16 m17 m18 m19
    m20 m21 m22 m23 m24 m25 m26 m27 m28 m29 m30 m31 m32 m33 m34 m35 m36 m37 m38 m39
    m40 m41 m42 m43 m44 m45 m46 m47 m48 m49 m50 m51 m52 m53 m54 m55 m56 m57 m58 m59
    m60 m61 m62 m63 m64 m65 m66 m67 m68 m69 m70 m71 m72 m73 m74 m75 m76 m77 m78 m79
    m80 m81 m82 m83 m84 m85 m86 m87 m88 m89 m90 m91 m92 m93 m94 m95 m96 m97 m98 m99
}

not_inherited! { l0 l1 l2 l3 l4 l5 l6 l7 l8 l9 }

/// The number of inherited variables.
pub const MOST: usize = 1000;

/// The variables that a program uses: `inherited` of them, from the one at `first` on, and an
/// eighth as many that are not inherited, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variables {
    inherited: u16,
    first: u16,
}

impl Variables {
    pub fn new(inherited: usize, first: usize) -> Self {
        number_all();
        Self {
            inherited: inherited.clamp(1, MOST) as u16,
            first: (first % MOST) as u16,
        }
    }

    pub fn inherited(self) -> usize {
        self.inherited.into()
    }

    pub fn len(self) -> usize {
        self.inherited() + (self.inherited() / 8).clamp(1, 10 * NOT_INHERITED.len())
    }

    pub fn is_empty(self) -> bool {
        false
    }

    /// The variable that a program means by `var`.
    pub fn place(self, var: u16) -> usize {
        usize::from(var) % self.len()
    }

    pub fn is_inherited(self, var: u16) -> bool {
        self.place(var) < self.inherited()
    }

    pub fn declared(self, var: u16) -> &'static Declared {
        let place = self.place(var);
        match place.checked_sub(self.inherited()) {
            None => {
                let n = (place + usize::from(self.first)) % MOST;
                &INHERITED[n / 10][n % 10]
            }
            Some(n) => &NOT_INHERITED[n / 10][n % 10],
        }
    }

    pub fn get(self, var: u16) -> &'static dyn AnyVar {
        self.declared(var).var
    }
}

/// Sets every variable once, in order, so that the first of them are those in a node's own places.
///
/// The numbers are handed out for the whole process: without this, what a program does would
/// depend on those before it.
fn number_all() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ledger = std::sync::Arc::new(crate::ledger::Ledger::new(Variables {
            inherited: 1,
            first: 0,
        }));
        let all = INHERITED.iter().chain(NOT_INHERITED).copied().flatten();
        for declared in all {
            let spec = Spec::new(&ledger, crate::value::Hook::Nothing);
            drop(declared.var.with_value(Context::new(), spec));
        }
    });
}
