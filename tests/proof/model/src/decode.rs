//! Programs from bytes: every string of bytes is one.

use crate::program::{Body, Inherits, Keep, Op, Program, RunAsync, Work, Wrap};
use crate::value::Hook;
use crate::variables::Variables;

/// The greatest depth of nested bodies.
const DEPTH: usize = 6;

/// The numbers of variables that programs have.
pub const SIZES: [usize; 5] = [1, 16, 17, 40, 1000];

impl Program {
    /// Reads a program; where the bytes end, so does it.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut bytes = Bytes(bytes.iter());
        let head = bytes.one();
        let first = match head >> 4 & 3 {
            0 | 1 => 0,
            _ => bytes.two(),
        };
        Self {
            variables: Variables::new(SIZES[usize::from(head & 7) % SIZES.len()], first.into()),
            in_root: head & 8 != 0,
            body: bytes.rest_of_body(),
        }
    }
}

struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn one(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn two(&mut self) -> u16 {
        u16::from_le_bytes([self.one(), self.one()])
    }

    /// A variable; most bytes name one of the first, which are used again and again.
    fn var(&mut self) -> u16 {
        match self.one() {
            byte @ 0..192 => u16::from(byte % 48),
            _ => self.two(),
        }
    }

    fn hook(&mut self) -> Hook {
        match self.one() % 16 {
            0 => Hook::Read(self.var()),
            1 => Hook::Set(self.var()),
            2 => Hook::Scope(self.var()),
            3 => Hook::Copy,
            4 => Hook::Panic,
            5 => Hook::PanicOnClone,
            6 => Hook::PanicOnce,
            _ => Hook::Nothing,
        }
    }

    fn rest_of_body(&mut self) -> Body {
        let mut body = Vec::new();
        while self.0.len() > 0 {
            body.push(self.op(0));
        }
        body
    }

    fn body(&mut self, depth: usize) -> Body {
        if depth >= DEPTH {
            return Vec::new();
        }
        let len = self.one() % 8;
        (0..len).map(|_| self.op(depth + 1)).collect()
    }

    fn some<T>(&mut self, most: u8, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = self.one() % (most + 1);
        (0..len).map(|_| one(self)).collect()
    }

    fn op(&mut self, depth: usize) -> Op {
        match self.one() % 58 {
            0 => Op::Read(self.var()),
            1 => Op::Get(self.var()),
            2 => Op::GetOr(self.var()),
            3 => Op::IsSet(self.var()),
            4 => Op::ReadAll,
            5..=8 => Op::With(self.var(), self.body(depth)),
            9..=11 => Op::Set(self.var(), self.hook(), Keep::Token),
            12 | 13 => Op::Set(self.var(), self.hook(), Keep::Nothing),
            14 => Op::SetMany(self.two(), self.two()),
            15 | 16 => Op::Reset(self.one()),
            17 => Op::ResetBy(self.one(), self.var()),
            18 => Op::OldValue(self.one()),
            19 => Op::DropToken(self.one()),
            20..=22 => Op::Scope(self.var(), self.hook(), self.body(depth)),
            23 => Op::Function(self.some(4, Self::var_and_hook), self.body(depth)),
            24 => Op::Detached(self.body(depth)),
            25 | 26 => Op::Snapshot,
            27 => Op::CloneOf(self.one()),
            28 => Op::DropContext(self.one()),
            29 | 30 => Op::Run(self.one(), self.body(depth)),
            31 => Op::WithValue(self.one(), self.var(), self.hook()),
            32 => Op::Without(self.one(), self.var()),
            33 => Op::Look(self.one(), self.var()),
            34 => Op::Enumerate(self.one()),
            35 => Op::EnumerateCurrent,
            36 | 37 => Op::Start(
                self.work(),
                self.some(3, |bytes| bytes.body(depth)),
                self.hook(),
            ),
            38..=40 => Op::Poll(self.one()),
            41 => Op::PollOnThread(self.one()),
            42 => Op::DropWork(self.one()),
            43 => Op::DropWorkOnThread(self.one()),
            44 => Op::Thread(Inherits::Yes, self.body(depth)),
            45 => Op::Thread(Inherits::No, self.body(depth)),
            46 => Op::DropTokensOnThread,
            48 | 49 => Op::Attach(self.one()),
            50 => Op::Detach(self.one()),
            51 => Op::DropGuard(self.one()),
            52 => Op::ForgetGuard(self.one()),
            53 => Op::Unset(self.var(), Keep::Token),
            54 => Op::Unset(self.var(), Keep::Nothing),
            55 | 56 => Op::RunAsync(self.one(), self.run_async(depth)),
            57 => Op::Handle(self.one()),
            _ => Op::Throw,
        }
    }

    fn var_and_hook(&mut self) -> (u16, Hook) {
        (self.var(), self.hook())
    }

    fn run_async(&mut self, depth: usize) -> RunAsync {
        RunAsync {
            steps: self.some(3, |bytes| bytes.body(depth)),
            between: self.body(depth),
            polls: self.one() % 5,
            hook: self.hook(),
        }
    }

    fn work(&mut self) -> Work {
        match self.one() % 9 {
            0 => Work::Iterator,
            1 => Work::Function,
            2 => Work::Closure,
            8 => Work::Message,
            _ => Work::Future(self.some(3, Self::wrap)),
        }
    }

    fn wrap(&mut self) -> Wrap {
        match self.one() % 6 {
            0..=2 => Wrap::Scope(self.var(), self.hook()),
            3 => Wrap::Isolating,
            4 => Wrap::Inherit,
            _ => Wrap::In(self.one()),
        }
    }
}
