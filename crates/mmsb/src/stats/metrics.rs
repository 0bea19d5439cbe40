//! The figures of a bus as metrics of the `metrics` facade: whatever recorder the program has installed gets them.
//!
//! Invariant: each public figure of [`Stats`] that is a number is one metric, or follows from them.

mod disk;
mod done;
mod held;

use metrics::{Key, Label, Level, Metadata, SharedString, Unit, with_recorder};

use super::Stats;

/// One metric.
struct Figure {
    name: &'static str,
    /// What tells it from others of its name.
    label: Option<(&'static str, &'static str)>,
    value: Value,
    unit: Unit,
    help: &'static str,
}

enum Value {
    Counter(u64),
    Gauge(f64),
}

/// Nobody filters these by where they come from: there is one place.
const METADATA: Metadata<'static> = Metadata::new("mmsb", Level::INFO, Some("mmsb::stats"));

impl Stats {
    /// Tells the figures to the recorder that the program has installed, if any, each with the label `bus`.
    ///
    /// Names begin with `mmsb_`; those of counters end in `_total`, and never fall: a recorder does not see
    /// [`reset_stats`](crate::Bus::reset_stats) until they are above what it has. Needs feature `metrics`.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// bus.stats().record("world");                           // now and then, or when somebody asks
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cost
    /// Some microseconds, in what the recorder does with about sixty figures.
    pub fn record(&self, bus: &str) {
        self.record_held(bus);
        let own = [self.memory_parts(), self.beside(), self.done()];
        own.into_iter().flatten().for_each(|figure| figure.record(bus));
    }

    /// Tells, as [`Stats::record`] does, what the bus holds (pages, graph, log, checkpoints), and nothing of this
    /// process: for who opened it to read, beside the one that commits.
    pub fn record_held(&self, bus: &str) {
        self.held().into_iter().chain(self.on_disk()).for_each(|figure| figure.record(bus));
    }
}

impl Figure {
    fn record(&self, bus: &str) {
        let mut labels = vec![Label::new("bus", bus.to_owned())];
        labels.extend(self.label.map(|(key, value)| Label::new(key, value)));
        let key = Key::from_parts(self.name, labels);
        let (name, help) = (SharedString::const_str(self.name).into(), self.help.into());
        with_recorder(|recorder| match self.value {
            Value::Counter(count) => {
                recorder.describe_counter(name, Some(self.unit), help);
                recorder.register_counter(&key, &METADATA).absolute(count);
            }
            Value::Gauge(value) => {
                recorder.describe_gauge(name, Some(self.unit), help);
                recorder.register_gauge(&key, &METADATA).set(value);
            }
        });
    }

    fn labelled(mut self, key: &'static str, value: &'static str) -> Self {
        self.label = Some((key, value));
        self
    }
}

fn count(name: &'static str, value: u64, help: &'static str) -> Figure {
    Figure { name, label: None, value: Value::Gauge(value as f64), unit: Unit::Count, help }
}

fn bytes(name: &'static str, value: u64, help: &'static str) -> Figure {
    Figure { unit: Unit::Bytes, ..count(name, value, help) }
}

fn total(name: &'static str, unit: Unit, value: u64, help: &'static str) -> Figure {
    Figure { name, label: None, value: Value::Counter(value), unit, help }
}
