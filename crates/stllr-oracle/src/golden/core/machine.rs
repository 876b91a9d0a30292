//! The core's network as a network file wants it.

use stllr_core::layer::{Learning, Readout, Spiking};
use stllr_core::loss::{Shape, softmax_error};
use stllr_core::meter::Meter;
use stllr_core::network::{Layer, Network, Spec, Target};
use stllr_core::signal::{Feedback, Narrow};

use super::formats::{ReadoutFormats, SpikingFormats};

/// A hidden layer and a readout that learn.
pub enum Machine {
    /// Back-propagation: the core's own network.
    Network(Box<Network>),
    /// Feedback alignment. The core draws its feedback matrix from a seed; the file's needs the layers wired by hand.
    Wired(Box<Wired>),
}

/// The layers of a network whose feedback matrix is given.
pub struct Wired {
    hidden: Spiking,
    readout: Readout,
    feedback: Feedback,
    meter: Meter,
}

impl Machine {
    /// At rest, with the weights of `hidden` and `readout`. `feedback` is the matrix of feedback alignment; without one
    /// the error is propagated back.
    pub fn new(
        hidden: &SpikingFormats,
        readout: &ReadoutFormats,
        feedback: Option<Feedback>,
        learning: Learning,
    ) -> Result<Self, String> {
        if let Some(feedback) = feedback {
            let mut wired = Wired {
                hidden: Spiking::new(hidden.spec.clone(), hidden.connection.inputs(), 0, learning),
                readout: Readout::new(readout.spec.clone(), readout.inputs, 1, learning),
                feedback,
                meter: Meter::default(),
            };
            hidden.write(&mut wired.hidden);
            readout.write(&mut wired.readout);
            return Ok(Self::Wired(Box::new(wired)));
        }
        let stack = Spec::stack(hidden.connection.inputs(), vec![hidden.spec.clone()], readout.spec.clone(), learning);
        let spec = Spec { memory_limit: u64::MAX, ..stack };
        let mut network = Network::new(spec).map_err(|error| error.to_string())?;
        network.edit(|layers, core| {
            layers.iter_mut().filter_map(Layer::as_spiking_mut).for_each(|layer| hidden.write(layer));
            readout.write(core);
        });
        Ok(Self::Network(Box::new(network)))
    }

    /// One time step, learning the label where there is one. A full block ends.
    pub fn step(&mut self, input: &[u32], label: Option<usize>) {
        match self {
            Self::Network(network) => {
                network.step(input, label.map_or(Target::None, |label| Target::Class(label as u32)));
            }
            Self::Wired(wired) => wired.step(input, label),
        }
    }

    /// The hidden layer.
    pub fn hidden(&self) -> &Spiking {
        match self {
            Self::Network(network) => network.hidden()[0],
            Self::Wired(wired) => &wired.hidden,
        }
    }

    /// The readout.
    pub fn readout(&self) -> &Readout {
        match self {
            Self::Network(network) => network.readout(),
            Self::Wired(wired) => &wired.readout,
        }
    }
}

impl Wired {
    fn step(&mut self, input: &[u32], label: Option<usize>) {
        self.hidden.forward(input, true, &mut self.meter);
        self.readout.forward(self.hidden.spikes(), true, &mut self.meter);
        match label {
            Some(label) => {
                let classes = self.readout.membrane().len();
                let mut error = vec![0; classes];
                softmax_error(self.readout.membrane(), label, &mut error);
                self.readout.learn(&error, 0);
                let mut narrow = Narrow::new(Shape::dense(classes));
                narrow.error(&error, 12, self.feedback.sum_max());
                let mut d = vec![0; self.hidden.spec().width()];
                self.feedback.signal(&narrow, &mut d);
                self.hidden.learn(&d);
            }
            None => {
                self.hidden.rest();
                self.readout.rest();
            }
        }
        if self.readout.eligibility().full() {
            self.hidden.end_block(0, &mut self.meter);
            self.readout.end_block(0, &mut self.meter);
        }
    }
}
