//! A game at 60 Hz: balls that bounce, and a score board that is computed from them. Every frame is one commit with a
//! budget; what it spent, and on what, is told; frames that failed changed nothing.
//!
//! `cargo run --release -p mmsb --example tick`

use std::time::Duration;

use mmsb::{Bus, Error, PageId, Transaction};

const FRAMES: u64 = 300;
const BALLS: usize = 1000;
const BOARDS: usize = 10;
const FRAME: Duration = Duration::from_micros(16_667);

/// A ball: place, speed, and how often it touched the ground.
type Ball = [i64; 3];

/// Moves all balls; everything the game knows is in the bus.
fn step(tx: &mut Transaction<'_>, balls: &[PageId]) -> Result<(), Error> {
    for (number, &page) in (1..).zip(balls) {
        let [place, speed, touches]: Ball = tx.get(page, 0)?;
        let ball: Ball = match place + speed {
            below if below < 0 => [0, 20 + number % 30, touches + 1],
            place => [place, speed - 1, touches],
        };
        tx.put(page, 0, &ball)?;
    }
    Ok(())
}

fn new_game(bus: &Bus) -> Result<(Vec<PageId>, Vec<PageId>), Error> {
    let balls =
        (0..BALLS).map(|_| bus.create_page(None, size_of::<Ball>())).collect::<Result<Vec<_>, _>>()?;
    let boards = balls.chunks(BALLS / BOARDS).map(|balls| {
        let board = bus.create_page(None, size_of::<Ball>())?;
        bus.derive(board).from(balls.iter().copied()).named("sum", 1).add::<u64>()?;
        Ok(board)
    });
    let boards = boards.collect::<Result<Vec<_>, Error>>()?;
    Ok((balls, boards))
}

pub(crate) fn main() -> Result<(), Error> {
    let bus = Bus::in_memory()?;
    let (balls, boards) = new_game(&bus)?;
    let (mut late, mut spent) = (0, Vec::new());
    let mut ticks = bus.ticks().labels_from(0).tag("game").budget(FRAME).on_overrun(|report| {
        late += 1;
        println!("late: {report}");
    });
    for _ in 0..FRAMES {
        let report = ticks.run(|tx| step(tx, &balls))?;
        assert!(report.failures.is_empty());
        spent.push(report.spent);
        // Draw here, and sleep for `report.left()`.
    }

    // A frame that fails half way: nothing of it is seen.
    let before = bus.epoch();
    let failed = ticks.run(|tx| {
        tx.put(balls[0], 0, &[-1i64; 3])?;
        tx.put(balls[1], 17, &0i64) // no place for eight bytes more
    });
    assert!(matches!(failed, Err(Error::InvalidDelta { .. })));
    assert_eq!((bus.epoch(), bus.at_label(FRAMES - 1)?.epoch()), (before, before));
    drop(ticks);

    let sum = |pages: &[PageId]| {
        pages.iter().map(|&page| Ok(bus.get::<Ball>(page, 0)?[2])).sum::<Result<i64, Error>>()
    };
    let touches = sum(&balls)?;
    assert_eq!(sum(&boards)?, touches, "the boards show what happened");
    spent.sort_unstable();
    let (median, longest) = (spent[spent.len() / 2], spent[spent.len() - 1]);
    println!(
        "{FRAMES} frames of {BALLS} balls, {touches} touches, {late} late; {median:.1?} each, {longest:.1?} at most"
    );
    bus.stop()
}
