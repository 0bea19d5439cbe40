// page_fingerprint.wgsl -- four sums of mixed words for each page.
// Shape:    one workgroup of 256 a tile; tiles above 65,535 fold into y.
// Reads:    tiles[params.first ..][.. params.count]; target_slab[tile.target_quad ..][.. tile.count].
// Writes:   adds to answer[tile.result ..][.. 4]. Sums modulo 2^32, so order does not matter.
// Requires: the answer is zero before.
// Twin:     src/cpu/page_fingerprint.rs -- word for word.

@group(0) @binding(2) var<storage, read_write> answer: array<atomic<u32>>;

var<workgroup> sums: array<atomic<u32>, 4>;

fn mix(words: vec4<u32>) -> vec4<u32> {
    var w = (words ^ (words >> vec4<u32>(16u))) * 0x7feb352du;
    w = (w ^ (w >> vec4<u32>(15u))) * 0x846ca68bu;
    return w ^ (w >> vec4<u32>(16u));
}

fn keyed(quad: vec4<u32>, key: u32) -> vec4<u32> {
    return mix(quad ^ vec4<u32>(key, key ^ 0x27d4eb2fu, key ^ 0x165667b1u, key ^ 0x2545f491u));
}

fn mixed(quad: vec4<u32>, index: u32) -> vec4<u32> {
    let key = mix(vec4<u32>((index * 0x9e3779b9u) ^ 0x85ebca6bu)).x;
    let first = keyed(quad, key);
    // Each lane takes from the three others before it is mixed again.
    let crossed = first + first.yzwx * 0x9e3779b1u + first.zwxy * 0x85ebca77u + first.wxyz * 0xc2b2ae3du;
    return keyed(crossed, (key << 16u) | (key >> 16u));
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * groups.x + group.x;
    // All invocations of a workgroup have one index, so all or none come to the barrier.
    if index >= params.count { return; }
    let tile = tiles[params.first + index];
    var sum = vec4<u32>(0u);
    for (var i = lane; i < tile.count; i += 256u) {
        sum += mixed(target_slab[tile.target_quad + i], tile.offset + i);
    }
    // A workgroup's memory is zero at first.
    for (var word = 0u; word < 4u; word++) { atomicAdd(&sums[word], sum[word]); }
    workgroupBarrier();
    if lane < 4u { atomicAdd(&answer[tile.result + lane], atomicLoad(&sums[lane])); }
}
