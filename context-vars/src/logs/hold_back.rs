//! Passes a formatted event on, but for how it ends.

use core::fmt::{self, Write};

/// Holds back the end of what is written, as far as it is the beginning of `ending`.
///
/// So something can be put in front of the ending without keeping the whole event.
pub(super) struct HoldBack<'a, W> {
    out: &'a mut W,
    ending: &'static str,
    /// How many bytes of `ending` were written last and not passed on.
    held: usize,
    /// The last byte that was passed on.
    last: Option<u8>,
}

impl<'a, W: Write> HoldBack<'a, W> {
    /// `ending` is ASCII.
    pub(super) fn new(out: &'a mut W, ending: &'static str) -> Self {
        let (held, last) = (0, None);
        Self {
            out,
            ending,
            held,
            last,
        }
    }

    /// What was held back, and the byte before it.
    pub(super) fn finish(self) -> (&'static str, Option<u8>) {
        (&self.ending[..self.held], self.last)
    }

    /// How many bytes of `ending` all that was written until now, and then `text`, ends with.
    fn ending_with(&self, text: &str) -> usize {
        let most = self.ending.len().min(self.held + text.len());
        let ends_with = |count: &usize| {
            let (old, new) = self.ending[..*count].split_at(count.saturating_sub(text.len()));
            text.ends_with(new) && self.ending[..self.held].ends_with(old)
        };
        (0..=most).rev().find(ends_with).unwrap_or(0)
    }

    fn pass(&mut self, text: &str) -> fmt::Result {
        self.last = text.bytes().last().or(self.last);
        self.out.write_str(text)
    }
}

impl<W: Write> Write for HoldBack<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let held_before = self.held;
        self.held = self.ending_with(text);
        let passed = held_before + text.len() - self.held;
        let old = passed.min(held_before);
        if old > 0 {
            self.pass(&self.ending[..old])?;
        }
        match &text[..passed - old] {
            "" => Ok(()),
            new => self.pass(new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_split_of_a_text_holds_back_the_same_ending() {
        for (ending, text, held) in [
            ("\n", "one\ntwo\n", "\n"),
            ("\n", "no ending", ""),
            ("\n\n", "one\n\n\ntwo\n\n\n", "\n\n"),
            ("\n\n", "one\n", "\n"),
            ("}\n", "{}}\n}\n", "}\n"),
            ("}\n", "{\"}\": \"ü\"}", "}"),
            ("}\n", "", ""),
        ] {
            let cuts: Vec<_> = (0..=text.len())
                .filter(|at| text.is_char_boundary(*at))
                .collect();
            for (i, &first) in cuts.iter().enumerate() {
                for &second in &cuts[i..] {
                    let mut out = String::new();
                    let mut writer = HoldBack::new(&mut out, ending);
                    for part in [&text[..first], &text[first..second], &text[second..]] {
                        writer.write_str(part).unwrap();
                    }
                    let (found, last) = writer.finish();
                    assert_eq!(found, held, "{text:?} cut at {first} and {second}");
                    assert_eq!(out.bytes().last(), last);
                    assert_eq!(out + found, text);
                }
            }
        }
    }
}
