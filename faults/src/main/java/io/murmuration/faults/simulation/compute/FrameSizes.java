package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.protocol.DataFrame;

/** How many bytes a data frame takes on a wire: where numbers are only modelled, its own bytes do not say. */
@FunctionalInterface
public interface FrameSizes {

    /** What names a frame on the wire: kind, run, two members, microbatch, attempt. */
    int HEADER_BYTES = 128;

    long bytes(DataFrame frame);

    /** Frames that carry what they mean. */
    static FrameSizes real() {
        return frame -> HEADER_BYTES + frame.payload().size() + frame.extraBytes();
    }

    /** Frames as the codecs would make them. */
    static FrameSizes modelled(ModelledSetup setup) {
        return frame -> HEADER_BYTES
                + (frame.payload().uncompressedBytes() == 0
                        ? 0
                        : switch (frame) {
                            case DataFrame.Forward forward -> setup.activationBytes();
                            case DataFrame.Backward backward -> setup.activationBytes();
                            case DataFrame.AveragePart part ->
                                setup.averagingBytes(part.payload().uncompressedBytes() / Float.BYTES);
                            case DataFrame.StateChunk chunk -> chunk.payload().uncompressedBytes();
                            // It is what it says, also where numbers are only modelled.
                            case DataFrame.StateManifest manifest ->
                                manifest.payload().size();
                        })
                + (frame instanceof DataFrame.Forward ? setup.tokenBytes() : 0);
    }
}
