//! House keeping, fed with violations: each one must be seen and named.

mod bench;
mod ci;
mod lanes;
mod layers;
mod ratchet;
mod tidy;
mod torture;
