package io.murmuration.cluster.config;

/**
 * Checked settings, and the same as text.
 *
 * @param rendered HOCON with every key and its resolved value; reading it gives equal settings
 */
public record LoadedSettings(RunSettings settings, DataPlaneSettings dataPlane, String rendered) {}
