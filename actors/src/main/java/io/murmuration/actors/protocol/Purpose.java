package io.murmuration.actors.protocol;

/** Why microbatches flow: training counts gradients, evaluation only brings losses back. */
public enum Purpose {
    TRAIN,
    EVALUATE
}
