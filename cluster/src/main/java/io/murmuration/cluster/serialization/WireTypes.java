package io.murmuration.cluster.serialization;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.protocol.TrainerMessage;
import io.murmuration.actors.protocol.TransferMessage;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Every class that travels in a control message, with its number on the wire. A number is given once and for all: a class
 * that goes takes its number with it. A new message needs one line here; components that change make a new
 * {@link ControlCodec#PROTOCOL_VERSION} as soon as two builds may meet.
 */
final class WireTypes {

    /** In order of their numbers; Kryo keeps those below 20 for itself. */
    static final SortedMap<Integer, Class<?>> TABLE = new Table()
            // What messages are made of.
            .put(20, PeerId.class)
            .put(21, Member.class)
            .put(22, Epoch.class)
            .put(23, MicrobatchId.class)
            .put(24, Replay.class)
            .put(25, Roster.class)
            .put(26, MemberMessage.ReplayOrder.class)
            .put(27, Standing.Open.class)
            .put(28, Standing.Prepared.class)
            .put(29, Standing.Committed.class)
            .put(30, Standing.OfShard.class)
            .put(31, Standing.OfTrainer.class)
            .put(32, Standing.OfKeeper.class)
            .put(33, ShardMessage.Neighbour.class)
            .put(60, Purpose.class)
            // To the coordinator.
            .put(100, CoordinatorMessage.Enlisted.class)
            .put(102, CoordinatorMessage.TrainerFinished.class)
            .put(103, CoordinatorMessage.Tally.class)
            .put(104, CoordinatorMessage.Averaged.class)
            .put(105, CoordinatorMessage.Applied.class)
            .put(106, CoordinatorMessage.Kept.class)
            .put(107, CoordinatorMessage.NotKept.class)
            .put(108, CoordinatorMessage.Superseded.class)
            .put(109, CoordinatorMessage.Fetching.class)
            .put(110, CoordinatorMessage.BadDonor.class)
            .put(111, CoordinatorMessage.JoinFailed.class)
            .put(112, CoordinatorMessage.Unsound.class)
            .put(113, CoordinatorMessage.Promised.class)
            .put(114, CoordinatorMessage.Leaving.class)
            .put(115, CoordinatorMessage.Redone.class)
            .put(116, CoordinatorMessage.Load.class)
            // To a shard.
            .put(200, ShardMessage.Enlist.class)
            .put(201, ShardMessage.Orphans.class)
            .put(202, ShardMessage.CloseStep.class)
            .put(203, ShardMessage.GradientWanted.class)
            .put(204, ShardMessage.Average.class)
            .put(205, ShardMessage.Commit.class)
            .put(206, ShardMessage.Cancel.class)
            .put(208, ShardMessage.WhoHas.class)
            .put(209, ShardMessage.Pin.class)
            .put(210, ShardMessage.Follow.class)
            .put(211, ShardMessage.Redo.class)
            .put(212, ShardMessage.Rebuild.class)
            // To a trainer.
            .put(301, TrainerMessage.Done.class)
            .put(302, TrainerMessage.Held.class)
            // To the keeper.
            .put(400, KeeperMessage.Keep.class)
            // To shards and trainers alike.
            .put(500, MemberMessage.OpenStep.class)
            .put(501, MemberMessage.RosterChanged.class)
            .put(502, MemberMessage.ReplayOrders.class)
            .put(503, MemberMessage.TakeOver.class)
            .put(504, MemberMessage.StartOver.class)
            .put(505, MemberMessage.Discharged.class)
            // Between who serves a snapshot and who takes it.
            .put(600, TransferMessage.ManifestWanted.class)
            .put(601, TransferMessage.ChunksWanted.class)
            .put(602, TransferMessage.Release.class)
            .put(603, TransferMessage.NotServed.class)
            .done();

    private WireTypes() {}

    private static final class Table {
        private final SortedMap<Integer, Class<?>> types = new TreeMap<>();

        Table put(int id, Class<?> type) {
            Class<?> other = types.put(id, type);
            if (other != null) {
                throw new IllegalStateException(type.getName() + " has number " + id + " of " + other.getName());
            }
            return this;
        }

        SortedMap<Integer, Class<?>> done() {
            return Collections.unmodifiableSortedMap(types);
        }
    }
}
