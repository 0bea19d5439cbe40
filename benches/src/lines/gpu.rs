//! Line `gpu`: what mirrors cost. What is measured, and how, says [`crate::gpu`].

use crate::{Line, gpu::run};

inventory::submit! {
    Line { name: "gpu", number: None, question: "what do a device's kernels reach, and what do mirrors cost?", faults: &[], run }
}
