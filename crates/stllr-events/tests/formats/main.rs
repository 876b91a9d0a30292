//! Every format: what its bytes mean, its faults in words, and what all decoders have in common.

#[path = "../common/mod.rs"]
mod common;

mod aedat2;
mod aedat3;
mod all;
mod dat;
mod detection;
mod edvs;
mod es;
mod evt2;
mod evt21;
mod evt3;
mod slayer;
mod spif;
