package io.murmuration.actors.protocol;

import java.util.List;

/** What the keeper of checkpoints is told. */
public sealed interface KeeperMessage extends ControlMessage
        permits TransferMessage, KeeperMessage.Keep, MemberMessage.TakeOver, MemberMessage.Discharged {

    /**
     * Pull a snapshot of {@code version} of every stage and keep them. Told again with other donors, it goes on with what it
     * has.
     *
     * @param donors who has pinned that version, for each stage in order
     */
    record Keep(Epoch epoch, long version, List<List<Member>> donors) implements KeeperMessage {
        public Keep {
            donors = donors.stream().map(List::copyOf).toList();
        }
    }
}
