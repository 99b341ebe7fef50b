package io.murmuration.cluster.membership;

/** What a gateway receives, from its own node and from others. */
interface GatewayMessage {}
