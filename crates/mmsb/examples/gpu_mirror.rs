//! A field of cells that a device steps, mirrored there for whoever draws it: every tick is a commit, so it can be
//! rewound, compared and held against the CPU, byte for byte.
//!
//! Run it with `cargo run --features gpu --example gpu_mirror`; without a device the host stands in.

use mmsb::{Bus, Combine, Error, Gpu, Inputs, PageFilter, PageId};

const WIDE: usize = 56;
const HIGH: usize = 18;

/// Life on a torus. A cell is its age in ticks, 0 if it is empty.
const STEP: &str = "
fn compute(index: u32) -> u32 {
    var around = 0u;
    for (var at = 0u; at < 9u; at++) {
        let x = (index % 56u + at % 3u + 55u) % 56u;
        let y = (index / 56u + at / 3u + 17u) % 18u;
        around += select(0u, 1u, at != 4u && input(0u, y * 56u + x) > 0u);
    }
    let age = input(0u, index);
    return select(0u, age + 1u, around == 3u || (around == 2u && age > 0u));
}";

/// The same on the CPU.
fn step(cells: &[u32]) -> Vec<u32> {
    let cell = |index: usize| {
        let place = |at: usize| {
            (index / WIDE + at / 3 + HIGH - 1) % HIGH * WIDE + (index % WIDE + at % 3 + WIDE - 1) % WIDE
        };
        let around = (0..9).filter(|&at| at != 4 && cells[place(at)] > 0).count();
        let lives = around == 3 || (around == 2 && cells[index] > 0);
        if lives { cells[index] + 1 } else { 0 }
    };
    (0..cells.len()).map(cell).collect()
}

fn cells(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|cell| u32::from_le_bytes(*cell)).collect()
}

fn bytes(cells: &[u32]) -> Vec<u8> {
    cells.iter().flat_map(|cell| cell.to_le_bytes()).collect()
}

fn twin(inputs: &Inputs<'_>, out: &mut [u8]) {
    out.copy_from_slice(&bytes(&step(&cells(&inputs[0]))));
}

/// Makes ticks: what the device made of the field becomes the field.
fn run(bus: &Bus, field: PageId, next: PageId, ticks: std::ops::Range<u64>) -> Result<(), Error> {
    ticks.into_iter().try_for_each(|tick| {
        let made = bus.with_page(next, <[u8]>::to_vec)?;
        let mut tx = bus.begin().label(tick);
        tx.capture(field, made)?;
        tx.commit().map(drop)
    })
}

fn draw(field: &[u8]) {
    let sign = |age: &u32| [' ', '.', 'o', 'O', '#'][(*age as usize).min(4)];
    cells(field).chunks(WIDE).for_each(|row| println!("  |{}|", row.iter().map(sign).collect::<String>()));
}

/// Steps, mirrors, rewinds and verifies.
pub fn main() -> Result<(), Error> {
    let (bus, gpu) = (Bus::in_memory()?, Gpu::auto());
    let field = bus.create_page("field", WIDE * HIGH * 4)?;
    let next = bus.create_page("next", WIDE * HIGH * 4)?;
    let stir = bus.create_page("stir", WIDE * HIGH * 4)?;
    let mut start = vec![0; WIDE * HIGH];
    // Two ships and an acorn.
    for (x, y) in [(3, 1), (4, 2), (2, 3), (3, 3), (4, 3), (9, 9), (10, 10), (8, 11), (9, 11), (10, 11)] {
        start[y * WIDE + x] = 1;
    }
    for (x, y) in [(31, 8), (33, 9), (30, 10), (31, 10), (34, 10), (35, 10), (36, 10)] {
        start[y * WIDE + x] = 1;
    }
    bus.capture(field, bytes(&start))?;
    bus.derive(next).from([field]).on(&gpu).twin(twin).wgsl(STEP)?;
    bus.derive(stir).from([field, next]).on(&gpu).combine(Combine::Xor)?;
    let mirror = bus.mirror(PageFilter::all()).on(gpu).start()?;

    run(&bus, field, next, 1..41)?;
    let (then, seen) = (bus.epoch(), mirror.wait(bus.epoch()).and_then(|_| mirror.page(field))?.bytes);
    println!("tick 40, as the device has it ({}):", mirror.status());
    draw(&seen);
    let before = mirror.freeze()?;
    run(&bus, field, next, 41..121)?;
    mirror.wait(bus.epoch())?;
    println!("tick 120, {} pages differ by now:", mirror.diff(&before)?.pages.len());
    let end = mirror.page(field)?.bytes;
    draw(&end);
    let cpu = (0..120).fold(start, |cells, _| step(&cells));
    assert!(cells(&end) == cpu, "the CPU alone comes to the same");

    bus.rewind(then)?;
    mirror.wait(bus.epoch())?;
    assert!(mirror.page(field)?.bytes == seen && mirror.diff(&before)?.pages.is_empty());
    run(&bus, field, next, 41..121)?;
    mirror.wait(bus.epoch())?;
    assert!(mirror.page(field)?.bytes == end, "the same ticks, the same bytes");
    println!("rewound to tick 40, stepped again: the same; {}", mirror.verify()?);
    assert!(mirror.verify()?.is_equal() && bus.verify_recompute().is_empty());
    Ok(())
}
