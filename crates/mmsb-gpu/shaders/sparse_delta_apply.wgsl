// sparse_delta_apply.wgsl -- does word ops: each writes masked bytes of one word of a slab.
// Shape:    one invocation an op, in workgroups of 256; groups above 65,535 fold into y.
// Reads:    ops[params.first ..][.. params.count]; the word, unless all of its bytes are written.
// Writes:   target_slab[op.place & 0x0fffffff].
// Requires: no two ops of one word, so order does not matter.
// Twin:     src/cpu/sparse_delta_apply.rs -- byte for byte.

struct Params { first: u32, count: u32, pad: u32, more: u32 }
struct WordOp { place: u32, value: u32 }

var<immediate> params: Params;
@group(0) @binding(1) var<storage, read> ops: array<WordOp>;
@group(1) @binding(0) var<storage, read_write> target_slab: array<u32>;

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
        value = (target_slab[word] & ~mask) | (value & mask);
    }
    target_slab[word] = value;
}
