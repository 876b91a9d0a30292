//! A class more or less: the readout grows or shrinks, all else stays.

use super::Network;
use super::spec::SpecError;
use crate::deep::derive;
use crate::layer::Readout;
use crate::loss::Criterion;
use crate::shape::Port;
use crate::signal::{Feedback, LocalReadout, Narrow, Signal};
use alloc::vec;

impl Network {
    /// Adds a class behind the others, which keep their weights, so that their scores stay as they were. Its own weights
    /// begin at zero, which is the mean of trained ones. Puts the network to rest, as [`Self::reset`], and
    /// what an optimiser remembers of the readout is forgotten.
    ///
    /// Refused where there are too many classes or the memory limit would be passed; then nothing changes.
    pub fn add_class(&mut self) -> Result<(), SpecError> {
        let count = self.spec.readout.classes;
        self.change_classes(count + 1, &|class| Some(class).filter(|&class| class < count))
    }

    /// Removes a class; those behind it move up. Puts the network to rest. Refused where two would not be left, or where there
    /// is no such class.
    pub fn remove_class(&mut self, class: usize) -> Result<(), SpecError> {
        let count = self.spec.readout.classes;
        if class >= count {
            return Err(SpecError::of("class", class, 0, count - 1));
        }
        self.change_classes(count - 1, &|new| Some(new + (new >= class) as usize))
    }

    fn change_classes(&mut self, classes: usize, of: &dyn Fn(usize) -> Option<usize>) -> Result<(), SpecError> {
        let mut spec = self.spec.clone();
        if spec.readout.kernel.is_some() {
            return Err(SpecError::of("classes of a readout of pixels", classes, 0, 0));
        }
        spec.readout.classes = classes;
        spec.check()?;
        self.reset(self.tracking);
        self.classes_changed += 1;
        let (ports, learning) = (spec.ports(), spec.learning);
        let (input, number) = (spec.readout_input(&ports), ports.len() as u32);
        let mut readout = Readout::new(spec.readout.clone(), input, number, learning);
        readout.take_classes(&self.readout, of);
        readout.set_rate(self.readout.spec().rate);
        // What dropout leaves of its input counts as before.
        readout.scale_input(self.dropping != 1);
        // Rows of random matrices are drawn from streams that were not used before.
        let stream = |layer: usize| CHANGED_STREAM + self.classes_changed * ports.len() as u32 + layer as u32;
        for (i, port) in ports.iter().enumerate() {
            if let Some(old) = &mut self.feedback[i] {
                let mut new = match spec.signal {
                    Signal::Bp => Feedback::new(classes, port.signal_len()),
                    _ => Feedback::random(classes, port, learning.seed, stream(i)),
                };
                new.take_classes(old, classes, of);
                *old = new;
            }
            if let Some(old) = &mut self.locals[i] {
                let new = derive(old, |old| changed_local(old, &spec, *port, stream(i), of));
                *old = new;
            }
        }
        let shape = spec.outputs(&input);
        self.error = vec![0; shape.positions() * shape.stride];
        self.narrow = Narrow::new(spec.narrow_shape());
        self.criterion = Criterion::new(spec.loss, shape);
        self.memory = spec.memory();
        self.readout = readout;
        self.spec = spec;
        self.follow_readout();
        Ok(())
    }
}

/// Where the streams of matrices after a change begin: far from all others.
const CHANGED_STREAM: u32 = 1 << 20;

fn changed_local(
    old: &LocalReadout,
    spec: &super::Spec,
    port: Port,
    stream: u32,
    of: &dyn Fn(usize) -> Option<usize>,
) -> LocalReadout {
    let (readout, seed) = (&spec.readout, spec.learning.seed);
    let mut new = LocalReadout::new(spec.loss, readout.classes, port, readout.leak, seed, stream);
    new.take_classes(old, of);
    new
}
