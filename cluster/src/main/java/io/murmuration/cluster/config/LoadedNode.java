package io.murmuration.cluster.config;

/**
 * Checked settings of a node and of the run it takes part in, and the same as text.
 *
 * @param rendered HOCON with every key and its resolved value; file names of keys are in it, keys are not
 */
public record LoadedNode(
        NodeSettings node,
        RunSettings run,
        DataPlaneSettings dataPlane,
        TelemetrySettings telemetry,
        String rendered) {}
