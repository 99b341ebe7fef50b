package io.murmuration.cluster.planted;

import com.typesafe.config.Config;

/** Breaks a rule of the architecture, on purpose. */
public final class ReadsConfiguration {
    Config config;
}
