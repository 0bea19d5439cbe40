//! Tests of the bus as its users see it, one binary.

mod model;
