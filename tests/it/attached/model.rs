//! The reference implementation of R22: what is read after each step, and which values are alive.

/// A thread: its root, frames and attached contexts in one stack, each with the number that is set
/// there, or 0.
pub struct Model {
    layers: Vec<Layer>,
    /// The contexts that ended before their guards, which hand them back.
    ended: Vec<(Guard, u32)>,
    pub thread_has_ended: bool,
}

/// The number of a guard.
pub type Guard = usize;

struct Layer {
    /// The guard, unless this is the root or a frame.
    attached: Option<Guard>,
    number: u32,
    /// The guard is gone, but the frame right above still runs.
    is_released: bool,
}

impl Model {
    pub fn new() -> Self {
        let mut model = Self {
            layers: Vec::new(),
            ended: Vec::new(),
            thread_has_ended: false,
        };
        model.enter(0);
        model
    }

    pub fn current(&self) -> u32 {
        self.layers.last().map_or(0, |layer| layer.number)
    }

    /// The number of values that are alive.
    pub fn values(&self) -> usize {
        let current = self.layers.iter().map(|layer| layer.number);
        let ended = self.ended.iter().map(|(_, number)| *number);
        current.chain(ended).filter(|number| *number > 0).count()
    }

    pub fn is_in_frame(&self) -> bool {
        let above_the_root = &self.layers[1..];
        above_the_root.iter().any(|layer| layer.attached.is_none())
    }

    pub fn set(&mut self, number: u32) {
        let is_root = self.layers.len() == 1;
        if let Some(layer) = self.layers.last_mut() {
            // A value is not kept if nothing would drop it any more.
            if !(is_root && self.thread_has_ended) {
                layer.number = number;
            }
        }
    }

    pub fn enter(&mut self, number: u32) {
        self.push(None, number);
    }

    pub fn attach(&mut self, guard: Guard, number: u32) {
        self.push(Some(guard), number);
    }

    fn push(&mut self, attached: Option<Guard>, number: u32) {
        self.layers.push(Layer {
            attached,
            number,
            is_released: false,
        });
    }

    /// Ends an attached context. Returns what is set in the one that its guard hands back.
    pub fn detach(&mut self, guard: Guard) -> Option<u32> {
        if let Some(index) = self.ended.iter().position(|(ended, _)| *ended == guard) {
            return Some(self.ended.remove(index).1);
        }
        let is_its = |layer: &Layer| layer.attached == Some(guard);
        let index = self.layers.iter().position(is_its)?;
        match self.layers.get(index + 1) {
            Some(Layer { attached: None, .. }) => {
                self.layers[index].is_released = true;
                None
            }
            _ => Some(self.layers.remove(index).number),
        }
    }

    /// Leaves the innermost frame, by a return or a panic.
    pub fn leave(&mut self) {
        while let Some(layer) = self.layers.pop() {
            let Some(guard) = layer.attached else { break };
            self.ended.push((guard, layer.number));
        }
        while self.layers.last().is_some_and(|layer| layer.is_released) {
            self.layers.pop();
        }
    }

    /// Ends the thread, which is in its root: what is attached ends, and no guard hands it back.
    pub fn end_thread(&mut self) {
        self.thread_has_ended = true;
        self.layers.clear();
        self.enter(0);
    }
}
