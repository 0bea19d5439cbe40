//! A level of pages computed from pages.
//!
//! A kernel sees one slab of inputs at a time: a job whose inputs lie in several is done in as many rounds, and from
//! the second on its output is an input too.

use super::{apart, same_length, tiles};
use crate::{Combine, GpuError, Job, Kernel, PageHandle, Program, Slabs, Tile, program::Piece};

/// One job's inputs of one slab.
struct Part {
    output: PageHandle,
    slab: u32,
    /// First quad of each input, and its factor.
    inputs: Vec<(u32, u32)>,
    keep: bool,
}

/// Adds one level to a program.
pub(super) fn level(
    program: &mut Program,
    slabs: &Slabs,
    combine: Combine,
    jobs: &[Job<'_>],
) -> Result<(), GpuError> {
    let inputs = jobs.iter().flat_map(|job| job.inputs.iter().map(|input| input.0));
    apart(jobs.iter().map(|job| job.output), inputs)?;
    let mut rounds: Vec<Vec<Part>> = Vec::new();
    for job in jobs {
        for (round, part) in parts(slabs, job)?.into_iter().enumerate() {
            rounds.resize_with(rounds.len().max(round + 1), Vec::new);
            rounds[round].push(part);
        }
    }
    for round in rounds {
        let mut pieces = Vec::new();
        for part in round {
            push_part(program, slabs, &part, &mut pieces)?;
        }
        program.push_tiles(Kernel::Propagate(combine), pieces);
    }
    Ok(())
}

fn parts(slabs: &Slabs, job: &Job<'_>) -> Result<Vec<Part>, GpuError> {
    let output = job.output;
    whole(slabs, output)?;
    let mut parts: Vec<Part> = Vec::new();
    for (input, factor) in job.inputs {
        same_length(slabs, output, *input)?;
        let place = slabs.find(*input)?;
        let quad = (place.first_word / 4, *factor);
        match parts.iter_mut().find(|part| part.slab == place.slab) {
            Some(part) => part.inputs.push(quad),
            None => {
                let keep = job.keep || !parts.is_empty();
                parts.push(Part { output, slab: place.slab, inputs: vec![quad], keep });
            }
        }
    }
    Ok(parts)
}

fn push_part(
    program: &mut Program,
    slabs: &Slabs,
    part: &Part,
    pieces: &mut Vec<Piece>,
) -> Result<(), GpuError> {
    let first = program.words.len() as u32 / 4;
    program.words.extend(part.inputs.iter().flat_map(|(quad, factor)| [*quad, *factor, 0, 0]));
    let (inputs, mask) = (part.inputs.len() as u32, u32::from(part.keep));
    let place = slabs.find(part.output)?;
    let tiles = tiles(place, part.slab, 0);
    pieces.extend(
        tiles.map(|piece| Piece { tile: Tile { source: first, inputs, mask, ..piece.tile }, ..piece }),
    );
    Ok(())
}

/// Refuses a page that does not hold whole integers: a carry would pass its end.
fn whole(slabs: &Slabs, page: PageHandle) -> Result<(), GpuError> {
    let page_bytes = slabs.find(page)?.page_bytes;
    if page_bytes.is_multiple_of(4) { Ok(()) } else { Err(GpuError::Ragged { page, page_bytes }) }
}
