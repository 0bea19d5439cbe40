// sparse_delta_apply.wgsl -- does word ops: each writes masked bytes of one word of a slab.
// Shape:    one invocation an op, in workgroups of 256; groups above 65,535 fold into y.
// Reads:    ops[params.first ..][.. params.count]; the word, unless all of its bytes are written.
// Writes:   target_words[op.place & 0x0fffffff].
// Requires: no two ops of one word, so order does not matter.
// Twin:     src/cpu/sparse_delta_apply.rs -- byte for byte.

struct WordOp { place: u32, value: u32 }

@group(0) @binding(1) var<storage, read> ops: array<WordOp>;
@group(1) @binding(0) var<storage, read_write> target_words: array<u32>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = (group.y * groups.x + group.x) * 256u + lane;
    if index >= params.count { return; }
    let op = ops[params.first + index];
    let word = op.place & 0x0fffffffu;
    let bits = op.place >> 28u;
    var value = op.value;
    if bits != 15u {
        let mask = ((bits * 0x00204081u) & 0x01010101u) * 255u;
        value = (target_words[word] & ~mask) | (value & mask);
    }
    target_words[word] = value;
}
