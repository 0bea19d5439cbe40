//! A game at 60 Hz whose other player's input comes late: every few frames eight ticks are taken back and
//! played again, and what that cost is printed.
//!
//! `cargo run --release -p mmsb --example rollback`

use std::time::Instant;

use mmsb::{Bus, Epoch, Error, PageId};

const TICKS: u64 = 600;
const BALLS: u64 = 400;
/// An input of the other player is known only when so many ticks were played without it; one comes so often.
const LATE: u64 = 8;
const EVERY: u64 = 5;

/// A ball: place, speed, and how often it was kicked.
type Ball = [i64; 3];

/// What the other player does at a tick: nothing, or a kick.
fn their_input(tick: u64) -> i64 {
    if tick.is_multiple_of(EVERY) { 1 + (tick as i64 * 7919) % 13 } else { 0 }
}

/// Plays one tick: one commit. All that the game knows is in the bus.
fn play(bus: &Bus, balls: &[PageId], tick: u64, kick: i64) -> Result<Epoch, Error> {
    let mut tx = bus.begin().label(tick);
    for (number, &page) in (0..).zip(balls) {
        let [place, speed, kicks]: Ball = bus.get(page, 0)?;
        let kicked = if number % 16 == tick as i64 % 16 { kick } else { 0 };
        let speed = if place + speed < 0 { -speed / 2 } else { speed - 1 + kicked * 40 };
        tx.put(page, 0, &[(place + speed).max(0), speed, kicks + kicked.signum()])?;
    }
    Ok(tx.commit()?.epoch)
}

fn new_game() -> Result<(Bus, Vec<PageId>), Error> {
    let bus = Bus::in_memory()?;
    let mut tx = bus.begin();
    let balls = (0..BALLS).map(|_| tx.create_page(None, size_of::<Ball>())).collect::<Result<Vec<_>, _>>()?;
    tx.commit()?;
    Ok((bus, balls))
}

pub(crate) fn main() -> Result<(), Error> {
    let (bus, balls) = new_game()?;
    let mut ends = vec![bus.epoch()]; // ends[t]: the state that tick t begins with
    let mut costs = Vec::new();
    for tick in 0..TICKS {
        // The input of this tick is not here yet: play as if there were none.
        ends.push(play(&bus, &balls, tick, 0)?);
        let late = (tick + 1).checked_sub(LATE).filter(|&late| their_input(late) != 0);
        let Some(late) = late else { continue };
        let start = Instant::now();
        let rewound = bus.rewind(ends[late as usize])?;
        costs.push((start.elapsed(), rewound.byte_count));
        ends.truncate(late as usize + 1);
        for again in late..=tick {
            // Later inputs are as late as this one was.
            ends.push(play(&bus, &balls, again, if again == late { their_input(late) } else { 0 })?);
        }
    }
    costs.sort_unstable();
    let ((median, bytes), (longest, _)) = (costs[costs.len() / 2], costs[costs.len() - 1]);
    println!("{TICKS} ticks of {BALLS} balls; {} times {LATE} ticks were taken back:", costs.len());
    println!("{median:.1?} of a frame's 16.7ms, {longest:.1?} at most; {bytes} bytes");

    // The same game with every input in time.
    let (straight, _) = new_game()?;
    for tick in 0..=TICKS - LATE {
        play(&straight, &balls, tick, their_input(tick))?;
    }
    let shown = bus.at_label(TICKS - LATE)?;
    let same = balls.iter().try_fold(true, |same, &ball| {
        Ok::<_, Error>(same && shown.get::<Ball>(ball, 0)? == straight.get::<Ball>(ball, 0)?)
    })?;
    assert!(same, "what was played again is what would have been played");
    bus.stop()
}
