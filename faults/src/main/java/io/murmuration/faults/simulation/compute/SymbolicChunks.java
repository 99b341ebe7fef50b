package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.tensors.reduce.Digest;
import java.nio.charset.StandardCharsets;
import java.util.Collections;

/** A symbolic state as if it were cut in chunks of bytes: each says which state it is of, and how large it would be. */
final class SymbolicChunks {

    private SymbolicChunks() {}

    static int count(long stateBytes, int chunkBytes) {
        return Math.toIntExact((stateBytes + chunkBytes - 1) / chunkBytes);
    }

    static Manifest manifest(String state, long stateBytes, int chunkBytes) {
        String digest = digest(chunk(state, stateBytes, chunkBytes, 0));
        return new Manifest(chunkBytes, stateBytes, Collections.nCopies(count(stateBytes, chunkBytes), digest));
    }

    static Payload chunk(String state, long stateBytes, int chunkBytes, int index) {
        long from = (long) index * chunkBytes;
        if (index < 0 || from >= stateBytes) {
            throw new IllegalStateException("there is no chunk " + index + " of " + stateBytes + " bytes");
        }
        return new Payload(state.getBytes(StandardCharsets.US_ASCII), Math.min(chunkBytes, stateBytes - from));
    }

    static String digest(Payload chunk) {
        var sha256 = Digest.sha256();
        sha256.update(chunk.bytes());
        return Digest.of(sha256).hex();
    }
}
