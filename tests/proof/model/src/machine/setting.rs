//! Setting, and the tokens of it.

use context_vars::ResetErrorKind;

use super::{Kept, KeptToken, Machine, guarded, keep, take};
use crate::program::{Keep, Pick};
use crate::value::Hook;
use crate::variables::ResetOutcome;

impl Machine {
    pub(super) fn set(&self, var: u16, hook: Hook, keep: Keep) {
        let (spec, value) = self.value(hook);
        let token = Kept {
            real: self.var(var).set(spec),
            model: self.model().set(var, Some(value)),
        };
        self.end_with_token(token, keep);
    }

    pub(super) fn unset(&self, var: u16, keep: Keep) {
        let token = Kept {
            real: self.var(var).unset(),
            model: self.model().set(var, None),
        };
        self.end_with_token(token, keep);
    }

    fn end_with_token(&self, token: KeptToken, keep: Keep) {
        match keep {
            Keep::Token => self.keep_token(token),
            Keep::Nothing => self.drop_this_token(token),
        }
    }

    fn keep_token(&self, token: KeptToken) {
        let full = keep(&mut self.store().tokens, token);
        if full {
            self.drop_token(0);
        }
    }

    fn take_token(&self, pick: Pick) -> Option<KeptToken> {
        take(&mut self.store().tokens, pick)
    }

    fn drop_this_token(&self, token: KeptToken) {
        let ended = guarded(|| drop(token.real));
        drop(token.model);
        self.model().settle();
        self.finish(ended);
    }

    pub(super) fn drop_token(&self, pick: Pick) -> Option<()> {
        let token = self.take_token(pick)?;
        self.drop_this_token(token);
        Some(())
    }

    pub(super) fn drop_tokens_on_thread(&self) {
        let tokens = std::mem::take(&mut self.store().tokens);
        self.visit_thread(|| {
            for token in tokens {
                self.drop_this_token(token);
            }
        });
    }

    pub(super) fn old_value(&self, pick: Pick) -> Option<()> {
        let token = self.take_token(pick)?;
        let expected = token.model.old.as_ref().map(|value| value.id);
        assert_eq!(token.real.old(), expected);
        self.keep_token(token);
        Some(())
    }

    pub(super) fn reset(&self, pick: Pick, by: Option<u16>) -> Option<()> {
        let token = self.take_token(pick)?;
        let variables = self.ledger.variables;
        let own = by.is_none_or(|var| variables.place(var) == variables.place(token.model.var));
        let by = by.map(|var| self.var(var));
        if !by.is_none_or(|var| token.real.fits(var)) {
            self.keep_token(token);
            return None;
        }
        let mut outcome = None;
        let ended = guarded(|| outcome = Some(token.real.reset(by)));
        let modelled = match own {
            true => self.model().reset(token.model),
            false => Err(token.model),
        };
        self.finish(ended);
        match (outcome, modelled) {
            // The displaced value may have panicked in its drop.
            (None | Some(ResetOutcome::Done), Ok(())) => {}
            (Some(ResetOutcome::Refused(kind, real)), Err(model)) => {
                let expected = match own {
                    true => ResetErrorKind::OtherContext,
                    false => ResetErrorKind::OtherVariable,
                };
                assert_eq!(kind, expected);
                self.keep_token(Kept { real, model });
            }
            (_, modelled) => panic!("a reset succeeds: {}", modelled.is_ok()),
        }
        Some(())
    }
}
