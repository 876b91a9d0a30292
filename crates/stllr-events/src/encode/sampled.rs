//! What encoders of samples share: frames that are cut anywhere, and the clock.

use super::clock::Clock;
use crate::chunk::Chunk;
use crate::steps::Sensor;
use alloc::boxed::Box;
use alloc::vec;

/// A streaming encoder of samples.
pub trait Encoder {
    /// Values of a frame, which all are of one moment: one a channel.
    fn channels(&self) -> usize;

    /// Where its events are: channels are columns, codes and signs are polarities.
    fn sensor(&self) -> Sensor;

    /// An event with time t has been given, at the latest, when the samples up to t + this have been fed.
    fn latency_us(&self) -> u64;

    /// The most events of what is encoded at once: a chunk must have room for as many.
    fn most_events(&self) -> usize;

    /// Appends the events of `values`, frame by frame, and returns how many of them it has consumed: fewer only where `out` might
    /// have too little room for more. A frame that is cut is kept until its rest comes.
    fn feed(&mut self, values: &[i32], out: &mut Chunk) -> usize;

    /// Forgets the stream: the next value is the first of a new one.
    fn reset(&mut self);
}

/// How the values of one moment become events.
pub trait Code {
    /// Values of a frame.
    fn channels(&self) -> usize;

    /// Polarities that its events have.
    fn polarities(&self) -> u32;

    /// Columns of its events.
    fn columns(&self) -> u32 {
        self.channels() as u32
    }

    /// The most events of a frame.
    fn most_events(&self) -> usize;

    /// Frames that it takes at once, at most.
    fn most_frames(&self) -> usize {
        1
    }

    /// See [`Encoder::latency_us`].
    fn latency_us(&self, _clock: &Clock) -> u64 {
        0
    }

    /// Appends the events of a frame, for which `out` has room; their polarities begin at `plane`.
    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk);

    /// Appends the events of several frames, up to [`Code::most_frames`], for all of which `out` has room.
    fn frames(&mut self, clock: &mut Clock, values: &[i32], out: &mut Chunk) {
        for frame in values.chunks_exact(self.channels()) {
            self.frame(clock.now_us(), frame, 0, out);
            clock.tick();
        }
    }

    /// Back to rest.
    fn reset(&mut self);
}

/// A code over samples that come at a steady rate.
#[derive(Debug, Clone)]
pub struct Sampled<C> {
    clock: Clock,
    code: C,
    /// A frame that has come in part, and how much of it.
    frame: Box<[i32]>,
    filled: usize,
}

impl<C: Code> Sampled<C> {
    /// An encoder at rest, before the sample at which the clock stands.
    pub fn new(clock: Clock, code: C) -> Self {
        let frame = vec![0; code.channels()].into();
        Self { clock, code, frame, filled: 0 }
    }
}

impl<C: Code> Encoder for Sampled<C> {
    fn channels(&self) -> usize {
        self.frame.len()
    }

    fn sensor(&self) -> Sensor {
        Sensor { width: self.code.columns(), height: 1, polarities: self.code.polarities() }
    }

    fn latency_us(&self) -> u64 {
        self.code.latency_us(&self.clock)
    }

    fn most_events(&self) -> usize {
        self.code.most_events() * self.code.most_frames()
    }

    fn feed(&mut self, values: &[i32], out: &mut Chunk) -> usize {
        let (channels, most) = (self.frame.len(), self.most_events());
        let mut rest = values;
        while !rest.is_empty() && out.room() >= most {
            if self.filled == 0 && rest.len() >= channels {
                let frames = (rest.len() / channels).min(self.code.most_frames());
                let (values, more) = rest.split_at(frames * channels);
                self.code.frames(&mut self.clock, values, out);
                rest = more;
                continue;
            }
            let (part, more) = rest.split_at(rest.len().min(channels - self.filled));
            self.frame[self.filled..self.filled + part.len()].copy_from_slice(part);
            self.filled += part.len();
            rest = more;
            if self.filled == channels {
                self.filled = 0;
                self.code.frames(&mut self.clock, &self.frame, out);
            }
        }
        values.len() - rest.len()
    }

    fn reset(&mut self) {
        self.clock.reset();
        self.code.reset();
        self.filled = 0;
    }
}
