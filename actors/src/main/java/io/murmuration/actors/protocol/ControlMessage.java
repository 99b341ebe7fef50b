package io.murmuration.actors.protocol;

/**
 * Everything that travels on the control plane: small, typed, naming peers by id. Grouped by receiver. Every request of
 * the coordinator is safe to receive twice, because it is sent again until it is answered.
 */
public sealed interface ControlMessage permits CoordinatorMessage, ShardMessage, TrainerMessage, KeeperMessage {}
