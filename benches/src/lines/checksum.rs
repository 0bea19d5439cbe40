//! Line `checksum`: what the log pays for every byte it writes and checks.
//!
//! Random pieces that stay in the nearest cache, so that the processor is measured and not the memory.
//! Every checksum is compared with one taken bit by bit.

use std::hint::black_box;

use anyhow::{Result, ensure};
use mmsb_types::crc32c;

use crate::{BarKind::Must, Context, LimitKind, Line, Op::AtLeast, Outcome, Sample, Unit};

inventory::submit! {
    Line {
        name: "checksum",
        number: None,
        question: "how fast is CRC-32C, against copying the same bytes?",
        faults: &[],
        run,
    }
}

/// Piece length and the ratio to copying that a piece must reach.
const PIECES: [(u32, f64); 3] = [(72, 0.1), (1 << 10, 0.1), (64 << 10, 0.2)];
/// Pieces together, in bytes.
const INPUT_BYTES: u32 = 16 << 10;
/// Bytes that go through one repeat.
const REPEAT_BYTES: u64 = 64 << 20;

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (bytes, ratio) in PIECES {
        let limit = LimitKind::CopyCached { bytes };
        let sample = measure(context, bytes)?;
        outcome
            .figure(format!("crc32c of {bytes} B"), Unit::GigabytesPerSecond, sample)
            .ratio(Must, AtLeast, ratio, limit);
    }
    Ok(outcome)
}

fn verify(piece: &[u8]) -> Result<()> {
    let (bytes, found, expected) = (piece.len(), crc32c(piece), bit_by_bit(piece));
    ensure!(found == expected, "checksum of {bytes} bytes is {found:#010x}, not {expected:#010x}");
    Ok(())
}

fn measure(context: &Context, bytes: u32) -> Result<Sample> {
    let count = (INPUT_BYTES / bytes).max(1);
    let input = context.random().bytes((count * bytes) as usize);
    let pieces: Vec<&[u8]> = input.chunks_exact(bytes as usize).collect();
    pieces.iter().try_for_each(|piece| verify(piece))?;
    let round_bytes = u64::from(count * bytes);
    let rounds = REPEAT_BYTES / round_bytes;
    Sample::gigabytes(context.repeats(), rounds * round_bytes, || {
        for _ in 0..rounds {
            pieces.iter().for_each(|piece| {
                black_box(crc32c(black_box(piece)));
            });
        }
        Ok(())
    })
}

/// The definition: reflected, polynomial 0x1edc6f41, all ones before and after.
fn bit_by_bit(bytes: &[u8]) -> u32 {
    let step = |register: u32, _| (register >> 1) ^ (0x82f6_3b78 & (register & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |register, byte| (0..8).fold(register ^ u32::from(*byte), step))
}
