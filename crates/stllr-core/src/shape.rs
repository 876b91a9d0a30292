//! Maps, and how their elements are numbered.

use crate::fixed::ONE_Q15;

/// A map: channels of `height` x `width` elements. A vector of n is a map of n channels and one position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Channels, or the neurons of a dense layer.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// A vector.
    pub const fn vector(channels: usize) -> Self {
        Self { channels, height: 1, width: 1 }
    }

    /// Elements; `usize::MAX` where there are more.
    pub const fn elements(&self) -> usize {
        self.channels.saturating_mul(self.height).saturating_mul(self.width)
    }
}

/// Which element comes after which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// A sensor's: (channel * height + y) * width + x.
    Planar,
    /// Between layers: (y * width + x) * channels + channel.
    #[default]
    ChannelLast,
}

/// What a layer gives to others: a map of spikes, each element with up to `levels` of them in a step. A sum of spikes is so
/// many spikes of one element. Spike number = element * levels + which of its spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The map.
    pub shape: Shape,
    /// The most spikes of an element in a step.
    pub levels: usize,
    /// How elements are numbered.
    pub order: Order,
    /// The share of spikes that dropout leaves while the network learns, `Q 15`: what sees this port scales by it otherwise.
    pub keep: i32,
}

impl From<usize> for Port {
    fn from(elements: usize) -> Self {
        Self::spikes(Shape::vector(elements))
    }
}

impl Port {
    /// A map of single spikes.
    pub const fn spikes(shape: Shape) -> Self {
        Self { shape, levels: 1, order: Order::ChannelLast, keep: ONE_Q15 }
    }

    /// A sensor's map.
    pub const fn sensor(shape: Shape) -> Self {
        Self { order: Order::Planar, ..Self::spikes(shape) }
    }

    /// A map of another shape between layers, else like this one.
    pub const fn like(&self, shape: Shape) -> Self {
        Self { shape, order: Order::ChannelLast, ..*self }
    }

    /// From one position's learning signals to the next's: channels, padded to whole vectors.
    pub const fn signal_stride(&self) -> usize {
        self.shape.channels.next_multiple_of(8)
    }

    /// Learning signals of a map: a row of [`Self::signal_stride`] a position, zero in the padding.
    pub const fn signal_len(&self) -> usize {
        self.signal_stride().saturating_mul(self.shape.height).saturating_mul(self.shape.width)
    }

    /// Where the learning signal of a channel at a position (y * width + x) stands.
    #[inline]
    pub fn signal_index(&self, position: usize, channel: usize) -> usize {
        position * self.signal_stride() + channel
    }

    /// The largest number of spikes in a step.
    pub const fn most(&self) -> usize {
        self.shape.elements().saturating_mul(self.levels)
    }

    /// The element that a spike belongs to, as (y, x, channel).
    #[inline]
    pub fn place(&self, spike: u32) -> (usize, usize, usize) {
        let element = self.element(spike);
        let Shape { channels, height, width } = self.shape;
        match self.order {
            Order::ChannelLast => {
                let position = element / channels;
                (position / width, position % width, element % channels)
            }
            Order::Planar => {
                let line = element / width;
                (line % height, element % width, line / height)
            }
        }
    }

    /// The number of the element that a spike belongs to.
    #[inline]
    pub fn element(&self, spike: u32) -> usize {
        spike as usize / self.levels
    }
}

/// Finds the places of a port's spikes, as [`Port::place`], without divisions: those are slow, and every spike needs some.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    order: Order,
    levels: Divisor,
    /// By what elements are divided first, and then what comes out.
    by: [Divisor; 2],
}

impl Places {
    /// Of a port's spikes.
    pub fn new(port: &Port) -> Self {
        let Shape { channels, height, width } = port.shape;
        let by = match port.order {
            Order::ChannelLast => [channels, width],
            Order::Planar => [width, height],
        };
        Self { order: port.order, levels: Divisor::new(port.levels), by: by.map(Divisor::new) }
    }

    /// The element that a spike belongs to, as (y, x, channel).
    #[inline(always)]
    pub fn of(&self, spike: u32) -> (usize, usize, usize) {
        let (element, _) = self.levels.divide(spike);
        let (line, first) = self.by[0].divide(element);
        let (last, middle) = self.by[1].divide(line);
        let (y, x, channel) = match self.order {
            Order::ChannelLast => (last, middle, first),
            Order::Planar => (middle, first, last),
        };
        (y as usize, x as usize, channel as usize)
    }
}

/// Division of numbers below 2^31 by one that stays the same, as a product.
#[derive(Clone, Copy, Debug)]
pub struct Divisor {
    by: u32,
    /// 2^shift / by, rounded up: by less than one part in 2^31.
    factor: u64,
    shift: u32,
}

impl Divisor {
    /// By a number from 1, below 2^31; 0 counts as 1.
    pub fn new(by: usize) -> Self {
        let by = by.max(1) as u32;
        let shift = 31 + by.next_power_of_two().ilog2();
        Self { by, factor: (1u64 << shift) / by as u64 + 1, shift }
    }

    /// Quotient and remainder.
    #[inline(always)]
    pub fn divide(self, n: u32) -> (u32, u32) {
        let quotient = ((n as u64 * self.factor) >> self.shift) as u32;
        (quotient, n - quotient * self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn both_orders_name_every_place_once() {
        let shape = Shape { channels: 3, height: 4, width: 5 };
        for (order, levels) in
            [(Order::Planar, 1), (Order::Planar, 2), (Order::ChannelLast, 1), (Order::ChannelLast, 3)]
        {
            let port = Port { levels, order, ..Port::spikes(shape) };
            assert_eq!(port.most(), 60 * levels);
            let mut places: Vec<_> = (0..port.most() as u32).map(|spike| port.place(spike)).collect();
            places.sort_unstable();
            places.dedup();
            let found = Places::new(&port);
            assert!((0..port.most() as u32).all(|spike| found.of(spike) == port.place(spike)));
            let all = (0..4).flat_map(|y| (0..5).flat_map(move |x| (0..3).map(move |c| (y, x, c))));
            assert!(places.into_iter().eq(all));
        }
        assert_eq!(Port { levels: 2, ..Port::sensor(shape) }.place(2 * 26), (1, 1, 1));
        assert_eq!(Port { levels: 2, ..Port::spikes(shape) }.place(2 * 26 + 1), (1, 3, 2));
    }

    #[test]
    fn division_is_exact() {
        let edges = [1, 2, 3, 5, 7, 34, 100, 512, 641, 65_535, 65_536, 65_537, (1 << 30) + 1, (1 << 31) - 1];
        for by in (1..300).chain(edges) {
            let near = |n: usize| n.saturating_sub(2)..(n + 3).min(1 << 31);
            let multiples = [1, 2, 3, 1000, (1 << 31) / by].map(|k| (k * by).min(1 << 31));
            for n in multiples.into_iter().chain(edges).flat_map(near) {
                let (n, by) = (n as u32, by as u32);
                assert_eq!(Divisor::new(by as usize).divide(n), (n / by, n % by), "{n} / {by}");
            }
        }
    }
}
