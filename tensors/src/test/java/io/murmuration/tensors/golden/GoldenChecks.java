package io.murmuration.tensors.golden;

import java.util.List;

/** All checks there are. Whoever implements another kind of case adds its check here. */
final class GoldenChecks {

    static final List<GoldenCheck> ALL = List.of(
            new InnerOptimiserGolden(),
            new DiLoCoGolden(),
            new StreamingGolden(),
            new PowerSgdGolden(),
            new ClipGolden(),
            new ScheduleGolden(),
            new CodecGolden(),
            new DynamicCodeGolden(),
            new SparseGolden(),
            new TransformGolden(),
            new DemoGolden(),
            new LlamaGolden(),
            new SubspaceGolden(),
            new RobustGolden(),
            new RoutingGolden());

    static final List<ManifestGolden> MANIFESTS = List.of(new PartitionGolden());

    private GoldenChecks() {}
}
