package io.murmuration.actors.protocol;

import java.util.Optional;

/** Everything that travels on the data plane: tensors, encoded. */
public sealed interface DataFrame {

    /** Classes do not wait for each other: backward traffic is never blocked by forward traffic, nor either by bulk. */
    enum Traffic {
        FORWARD,
        BACKWARD,
        BULK
    }

    Route route();

    Traffic traffic();

    /** Bytes of tensors in this frame. */
    Payload payload();

    /** Further bytes that travel with the tensor. */
    default int extraBytes() {
        return 0;
    }

    /** Where in the trace of its microbatch it belongs. */
    default TraceContext trace() {
        return TraceContext.NONE;
    }

    /**
     * Activations for a stage.
     *
     * @param stage the receiving stage
     * @param attempt how often the sender has sent this microbatch, from 1; the answer repeats it
     * @param replay set when only some stages may count
     * @param tokens token ids, needed by every stage (labels, embeddings)
     * @param payload activations; empty into stage 0
     * @param trace what the receiver's part of the trace comes of
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Forward(
            Route route,
            MicrobatchId id,
            int stage,
            int attempt,
            Optional<Replay> replay,
            byte[] tokens,
            Payload payload,
            TraceContext trace)
            implements DataFrame {

        /** Of a microbatch that is not followed. */
        public Forward(
                Route route,
                MicrobatchId id,
                int stage,
                int attempt,
                Optional<Replay> replay,
                byte[] tokens,
                Payload payload) {
            this(route, id, stage, attempt, replay, tokens, payload, TraceContext.NONE);
        }

        @Override
        public Traffic traffic() {
            return Traffic.FORWARD;
        }

        @Override
        public int extraBytes() {
            return tokens.length;
        }
    }

    /**
     * The gradient that answers a {@link Forward}; empty for an evaluation and for a replay that needs none.
     *
     * @param attempt the forward attempt it answers
     * @param loss mean loss of the microbatch in nats per token, known since the last stage
     * @param trace what the receiver's part of the trace comes of
     */
    record Backward(Route route, MicrobatchId id, int attempt, double loss, Payload payload, TraceContext trace)
            implements DataFrame {

        /** Of a microbatch that is not followed. */
        public Backward(Route route, MicrobatchId id, int attempt, double loss, Payload payload) {
            this(route, id, attempt, loss, payload, TraceContext.NONE);
        }

        @Override
        public Traffic traffic() {
            return Traffic.BACKWARD;
        }
    }

    /** A part of a replica's gradient for its owner, or the owner's average of that part for everybody. */
    record AveragePart(Route route, long step, long round, int part, boolean average, Payload payload)
            implements DataFrame {
        @Override
        public Traffic traffic() {
            return Traffic.BULK;
        }
    }

    /**
     * What a snapshot consists of, for who asked.
     *
     * @param payload a {@link Manifest}, encoded
     */
    record StateManifest(Route route, int stage, long version, Payload payload) implements DataFrame {
        @Override
        public Traffic traffic() {
            return Traffic.BULK;
        }
    }

    /**
     * A piece of a snapshot, for who asked for it.
     *
     * @param version the version of the state
     * @param index number of the chunk, from 0
     */
    record StateChunk(Route route, int stage, long version, int index, Payload payload) implements DataFrame {
        @Override
        public Traffic traffic() {
            return Traffic.BULK;
        }
    }
}
