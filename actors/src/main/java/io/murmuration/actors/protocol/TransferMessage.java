package io.murmuration.actors.protocol;

import java.util.List;

/**
 * A snapshot is pulled: receivers ask donors for what they want, and the bytes come over the data plane. Shards and
 * keepers are on either side. Nothing here is answered on its own: what does not come is asked for again.
 */
public sealed interface TransferMessage extends ShardMessage, KeeperMessage {

    int stage();

    long version();

    /** To a donor: what are the chunks of this snapshot? Answered by {@link DataFrame.StateManifest}. */
    record ManifestWanted(int stage, long version) implements TransferMessage {}

    /** To a donor: send these chunks. Each is answered by {@link DataFrame.StateChunk}. */
    record ChunksWanted(int stage, long version, List<Integer> indices) implements TransferMessage {
        public ChunksWanted {
            indices = List.copyOf(indices);
        }
    }

    /** To a donor: the sender needs nothing more of this snapshot. */
    record Release(int stage, long version) implements TransferMessage {}

    /** To a receiver: the donor cannot serve this now; perhaps later. */
    record NotServed(int stage, long version, String reason) implements TransferMessage {}
}
