//! The judge of histories, tried on histories made by hand; a stress, judged.

mod linear;
mod stress;
