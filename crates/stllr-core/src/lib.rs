#![no_std]
#![doc = include_str!("../README.md")]

extern crate alloc;

pub mod aligned;
pub mod deep;
pub mod eligibility;
pub mod exp;
pub mod fixed;
pub mod hash;
pub mod keep;
pub mod kernel;
pub mod layer;
pub mod loss;
pub mod meter;
pub mod network;
pub mod noise;
pub mod optimizer;
pub mod psi;
pub mod shape;
pub mod signal;
pub mod standardise;
