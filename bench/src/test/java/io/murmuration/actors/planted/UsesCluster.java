package io.murmuration.actors.planted;

import io.murmuration.cluster.config.UserError;

/** Breaks a rule of the architecture, on purpose. */
public final class UsesCluster {
    UserError error;
}
