package io.murmuration.actors.protocol;

import java.util.List;

/** What the keeper of checkpoints is told. */
public sealed interface KeeperMessage extends ControlMessage
        permits KeeperMessage.Keep, MemberMessage.TakeOver, MemberMessage.Discharged {

    /** Snapshots of {@code version} come from {@code donors}, one for each stage in order. */
    record Keep(Epoch epoch, long version, List<Member> donors) implements KeeperMessage {
        public Keep {
            donors = List.copyOf(donors);
        }
    }
}
