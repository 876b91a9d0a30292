//! Contrast of warped events: a flow is learned from the events alone, as the one that brings those of an edge together.
//!
//! An event k at the sensor's pixel (x, y) and the time t in \[0, 1) of the window is moved by the flow (u, v) of its
//! place, in sensor pixels over the window, to the window's beginning (r = 0) and to its end (r = 1):
//!
//! ```text
//! x' = x + c + (r - t) u        y' = y + c + (r - t) v
//! ```
//!
//! with c = [`SHIFT`]: votes between pixels are blurred by being shared, votes at whole ones are not, so that without a
//! shift any motion would begin by making the image worse.
//!
//! Bilinear votes at (x', y') make an image I of each polarity p and reference time r. With K a smoothing (see
//! [`Contrast::blur`]) and G = K I, the sharpness of an event is G where the event is, s_kr = G_rp(x', y') between the
//! pixels as the votes are shared, and the loss is
//!
//! ```text
//! L = -(1/Z) sum over k of min(s_k0, s_k1) + smoothness R            Z = sum of s where the events are, without flow
//! ```
//!
//! so L is -1 for no flow, lower where the flow sharpens the image, and does not change with copies of each event. The
//! smaller of the two counts since a flow can pile up events at one end of the window, which scatters them at the other:
//! their mean would reward it.
//!
//! With the weights w_kr (1 for the smaller, 1/2 where both are equal), V the image of votes of these weights and F = K V,
//! the sum over k of the minimum is that over r, p and pixels of V G, and K is symmetric. So
//!
//! ```text
//! dL/du = -(1/Z) sum over the events of the place and over r of (r - t) (w dG/dx + dF/dx)        at (x', y')
//! ```
//!
//! with the slopes of the bilinear surfaces; at whole x', where they have a kink, that to the right.
//!
//! R, the mean of sqrt(d^2 + [`EPSILON`]^2) over the differences d of neighbouring flow values (Charbonnier), carries the
//! flow to where there are no events.
//!
//! Contrast maximisation: Gallego, Rebecq, Scaramuzza, "A unifying contrast maximization framework for event cameras",
//! CVPR 2018; several reference times: Hagenaars, Paredes-Valles, de Croon, "Self-supervised learning of event-based
//! optical flow with spiking neural networks", NeurIPS 2021.

mod image;
mod smoothness;

use std::cmp::Ordering;

use image::Image;
pub use smoothness::EPSILON;

/// c, in sensor pixels, to the right and downwards: votes of still events are blurred about as much as those of moving
/// ones are on average.
pub const SHIFT: f64 = 0.25;

/// An event in the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowEvent {
    /// Column of the sensor.
    pub x: usize,
    /// Row of the sensor.
    pub y: usize,
    /// Part of the window that has passed, at least 0 and below 1.
    pub t: f64,
    /// 0 or 1.
    pub polarity: usize,
}

/// The events of a window and how their contrast is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// Rows of the flow.
    pub height: usize,
    /// Columns of the flow.
    pub width: usize,
    /// Rows and columns of the sensor that share a flow value; the sensor has `scale height` rows.
    pub scale: usize,
    /// In any order.
    pub events: Vec<WindowEvent>,
    /// K is so many passes of \[1 2 1\]/4 along rows and columns, zero outside the image: how far
    /// events see each other. 2 does well; with 0 they have to meet.
    pub blur: usize,
    /// Weight of R, at least 0.
    pub smoothness: f64,
}

impl Contrast {
    /// L of a flow `[2][height][width]`: first the values to the right, then those downwards.
    pub fn value(&self, flow: &[f64]) -> f64 {
        let rest = self.sharpness_at_rest();
        let warped = self.warped(flow);
        let sharpness = if rest > 0.0 { warped.iter().map(Warped::smaller).sum::<f64>() / rest } else { 0.0 };
        self.smoothness * smoothness::value(flow, self.height, self.width) - sharpness
    }

    /// dL/dflow in the layout of `flow`.
    pub fn gradient(&self, flow: &[f64]) -> Vec<f64> {
        let mut gradient = smoothness::gradient(flow, self.height, self.width);
        gradient.iter_mut().for_each(|g| *g *= self.smoothness);
        let rest = self.sharpness_at_rest();
        if rest == 0.0 {
            return gradient;
        }
        let warped = self.warped(flow);
        for r in [0, 1] {
            let all = self.images(&warped, |event| (event.places[r], 1.0));
            let counted = self.images(&warped, |event| (event.places[r], event.weights()[r]));
            for (event, moved) in self.events.iter().zip(&warped) {
                let (x, y) = moved.places[r];
                let (g, f) = (all[event.polarity].slope(x, y), counted[event.polarity].slope(x, y));
                let (u, v) = self.flow_of(event);
                let part = (r as f64 - event.t) / rest;
                gradient[u] -= part * (moved.weights()[r] * g.0 + f.0);
                gradient[v] -= part * (moved.weights()[r] * g.1 + f.1);
            }
        }
        gradient
    }

    /// Z.
    fn sharpness_at_rest(&self) -> f64 {
        let still = self.warped(&vec![0.0; 2 * self.height * self.width]);
        still.iter().map(Warped::smaller).sum()
    }

    /// Every event at both reference times.
    fn warped(&self, flow: &[f64]) -> Vec<Warped> {
        assert_eq!(flow.len(), 2 * self.height * self.width, "flow: two values a pixel");
        let place = |event, reference| self.place(event, flow, reference);
        let places = self.events.iter().map(|event| [place(event, 0.0), place(event, 1.0)]);
        let mut warped: Vec<Warped> = places.map(|places| Warped { places, sharpness: [0.0; 2] }).collect();
        for r in [0, 1] {
            let images = self.images(&warped, |event| (event.places[r], 1.0));
            for (event, moved) in self.events.iter().zip(&mut warped) {
                let (x, y) = moved.places[r];
                moved.sharpness[r] = images[event.polarity].at_point(x, y);
            }
        }
        warped
    }

    /// The smoothed images of both polarities, from a place and a weight for each event.
    fn images(&self, warped: &[Warped], vote: impl Fn(&Warped) -> ((f64, f64), f64)) -> [Image; 2] {
        let mut images = [0, 1].map(|_| Image::new(self.scale * self.height, self.scale * self.width));
        for (event, moved) in self.events.iter().zip(warped) {
            let ((x, y), weight) = vote(moved);
            images[event.polarity].vote(x, y, weight);
        }
        images.map(|image| image.smoothed(self.blur))
    }

    /// (x', y').
    fn place(&self, event: &WindowEvent, flow: &[f64], reference: f64) -> (f64, f64) {
        let (u, v) = self.flow_of(event);
        let part = reference - event.t;
        (event.x as f64 + SHIFT + part * flow[u], event.y as f64 + SHIFT + part * flow[v])
    }

    /// Where the flow of an event's place is.
    fn flow_of(&self, event: &WindowEvent) -> (usize, usize) {
        let (row, column) = (event.y / self.scale, event.x / self.scale);
        assert!(row < self.height && column < self.width, "event: within the sensor");
        let pixel = row * self.width + column;
        (pixel, self.height * self.width + pixel)
    }
}

/// An event at both reference times.
struct Warped {
    /// (x', y').
    places: [(f64, f64); 2],
    /// s.
    sharpness: [f64; 2],
}

impl Warped {
    fn smaller(&self) -> f64 {
        self.sharpness[0].min(self.sharpness[1])
    }

    /// w.
    fn weights(&self) -> [f64; 2] {
        match self.sharpness[0].total_cmp(&self.sharpness[1]) {
            Ordering::Less => [1.0, 0.0],
            Ordering::Equal => [0.5, 0.5],
            Ordering::Greater => [0.0, 1.0],
        }
    }
}

/// Events at scattered places and times for a flow of the given size.
#[cfg(test)]
pub(crate) fn example([height, width]: [usize; 2], scale: usize) -> Contrast {
    let scale = scale.max(1);
    let event = |k: usize| WindowEvent {
        x: k * 7 % (scale * width),
        y: k * 5 % (scale * height),
        t: (k * 37 % 101) as f64 / 101.0,
        polarity: k % 3 % 2,
    };
    Contrast { height, width, scale, events: (0..24).map(event).collect(), blur: 2, smoothness: 0.5 }
}

#[cfg(test)]
mod tests;
