// page_compare.wgsl -- how many bytes of two pages differ, the first, and in which blocks of 256 bytes.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count]; tile.count quads of each slab.
// Writes:   answer[tile.result]: adds the count; the next word: the greatest complement of an offset in the page;
//           from the fourth on: one bit a block. Only sums, maxima and unions, so order does not matter.
// Requires: the answer is zero before.
// Twin:     src/cpu/page_compare.rs -- word for word.

@group(0) @binding(2) var<storage, read_write> answer: array<atomic<u32>>;

// The lowest bit of each byte tells whether any of its bits is set.
fn any_bit(words: vec4<u32>) -> vec4<u32> {
    let halves = words | (words >> vec4<u32>(4u));
    let pairs = halves | (halves >> vec4<u32>(2u));
    return (pairs | (pairs >> vec4<u32>(1u))) & vec4<u32>(0x01010101u);
}

fn first_byte(bytes: vec4<u32>) -> u32 {
    for (var word = 0u; word < 3u; word++) {
        if bytes[word] != 0u { return word * 4u + countTrailingZeros(bytes[word]) / 8u; }
    }
    return 12u + countTrailingZeros(bytes.w) / 8u;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * groups.x + group.x;
    if index >= params.count { return; }
    let tile = tiles[params.first + index];
    for (var i = lane; i < tile.count; i += 256u) {
        let bytes = any_bit(target_slab[tile.target_quad + i] ^ source_slab[tile.source + i]);
        if all(bytes == vec4<u32>(0u)) { continue; }
        let counts = countOneBits(bytes);
        let quad = tile.offset + i;
        atomicAdd(&answer[tile.result], counts.x + counts.y + counts.z + counts.w);
        atomicMax(&answer[tile.result + 1u], ~(quad * 16u + first_byte(bytes)));
        atomicOr(&answer[tile.result + 4u + quad / 512u], 1u << (quad / 16u % 32u));
    }
}
