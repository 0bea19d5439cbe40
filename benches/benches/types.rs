//! mmsb-types at the keyboard: how fast is CRC-32C at the lengths that the log writes?

use benches::Random;
use divan::{Bencher, black_box, counter::BytesCount};
use mmsb_types::crc32c;

fn main() {
    divan::main();
}

#[divan::bench(args = [72, 1 << 10, 64 << 10])]
fn checksum(bencher: Bencher<'_, '_>, bytes: usize) {
    let input = Random::new(1).bytes(bytes);
    bencher.counter(BytesCount::new(bytes)).bench(|| crc32c(black_box(&input)));
}
