//! What if? A lander tries four thrust plans, each in a branch of the live state, and flies the best one.
//!
//! `cargo run --release -p mmsb --example branches`

use mmsb::{Branch, Bus, Error, PageId};

/// Altitude (mm), downward speed (mm a tick), fuel (units): three numbers in one page.
const ALTITUDE: u32 = 0;
const SPEED: u32 = 8;
const FUEL: u32 = 16;
const GRAVITY: i64 = 27;

/// Flies one plan in a branch until it lands; returns the speed it lands with and the ticks it took.
fn simulate(what_if: &Branch, lander: PageId, thrust_below: i64) -> Result<(i64, u64), Error> {
    for tick in 0.. {
        let mut tx = what_if.begin().label(tick);
        let (altitude, speed): (i64, i64) = (tx.get(lander, ALTITUDE)?, tx.get(lander, SPEED)?);
        if altitude <= 0 {
            return Ok((speed, tick));
        }
        let (speed, fuel) = step(altitude, speed, tx.get(lander, FUEL)?, thrust_below);
        tx.put(lander, ALTITUDE, &(altitude - speed))?;
        tx.put(lander, SPEED, &speed)?;
        tx.put(lander, FUEL, &fuel)?;
        tx.commit()?;
    }
    unreachable!("what goes down lands")
}

fn step(altitude: i64, speed: i64, fuel: i64, thrust_below: i64) -> (i64, i64) {
    if altitude < thrust_below && fuel > 0 && speed > 200 {
        (speed + GRAVITY - 81, fuel - 1)
    } else {
        (speed + GRAVITY, fuel)
    }
}

pub(crate) fn main() -> Result<(), Error> {
    let bus = Bus::in_memory()?;
    let lander = bus.create_page("lander", 24)?;
    let mut tx = bus.begin();
    tx.put(lander, ALTITUDE, &400_000i64)?;
    tx.put(lander, SPEED, &1_500i64)?;
    tx.put(lander, FUEL, &140i64)?;
    let now = tx.commit()?.epoch;

    // Four futures of one state. They share every page they do not change, and the bus sees none of them.
    let mut landings = Vec::new();
    for thrust_below in [50_000, 150_000, 250_000, 350_000] {
        let what_if = bus.branch(now)?;
        let (speed, ticks) = simulate(&what_if, lander, thrust_below)?;
        println!("thrust below {thrust_below:>6} mm: lands at {speed:>5} mm a tick after {ticks} ticks");
        landings.push((speed, thrust_below, what_if));
    }
    let (speed, thrust_below, best) = landings.into_iter().min_by_key(|(speed, ..)| *speed).expect("four");
    println!("\nthe best starts its thrust at {thrust_below} mm; it changes, from here to the ground:");
    println!("{}", mmsb::diff(&bus, &best)?);
    assert_eq!(bus.get::<i64>(lander, ALTITUDE)?, 400_000, "nothing of it has happened yet");

    // A branch can be kept as a bus of its own: its base, and every one of its commits.
    let folder = tempfile::tempdir().expect("a folder for what is kept");
    let kept = best.keep(folder.path().join("plan.mmsb"))?;
    assert_eq!(kept.get::<i64>(lander, SPEED)?, speed);
    println!(
        "\nkept with {} commits: {:?}",
        kept.epoch().get() - now.get(),
        kept.at(now)?.get::<i64>(lander, FUEL)?
    );
    kept.stop()
}
