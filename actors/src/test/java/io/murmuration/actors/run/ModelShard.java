package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** A shard without numbers. */
final class ModelShard extends ModelPeer {

    int stage = -1;
    private long version = -1;
    private long pinned = -1;
    private Optional<ModelJoin> joining = Optional.empty();
    private Purpose purpose = Purpose.EVALUATE;
    private long step = -1;
    private boolean frozen;
    private boolean sealed;
    private long closing;
    private long round;
    private boolean averaged;
    private final Set<Integer> counted = new TreeSet<>();
    private final List<MemberMessage.ReplayOrder> replays = new ArrayList<>();

    ModelShard(RunModel world, Member self) {
        super(world, self);
    }

    @Override
    Role role() {
        return Role.SHARD;
    }

    /** A participant's part of an average comes by. */
    void hear(long of, long in, Member participant) {
        joining.ifPresent(join -> join.hear(of, in, participant));
    }

    private boolean training(long asked) {
        return purpose == Purpose.TRAIN && step == asked && version == asked;
    }

    boolean countsNormally(long asked) {
        return training(asked) && !frozen;
    }

    boolean replaysIn(long asked) {
        return training(asked) && frozen;
    }

    boolean has(int index) {
        return counted.contains(index);
    }

    void count(int index) {
        // While it is averaged, what passes through the stage is computed and not counted.
        if (!sealed && counted.add(index) && frozen) {
            tally();
        }
    }

    @Override
    void receive(ControlMessage message) {
        switch ((ShardMessage) message) {
            case ShardMessage.Enlist enlist -> {
                if (fence(enlist.epoch())) {
                    enlist(enlist);
                }
            }
            case MemberMessage.OpenStep open -> {
                if (fence(open.roster().epoch())) {
                    open(open);
                }
            }
            case MemberMessage.RosterChanged changed -> {
                if (fence(changed.roster().epoch())) {
                    roster(changed.roster());
                }
            }
            case ShardMessage.CloseStep close -> {
                if (fence(close.epoch()) && training(close.step())) {
                    close(close);
                }
            }
            case MemberMessage.ReplayOrders orders -> {
                if (fence(orders.epoch()) && training(orders.step()) && orders.closing() > closing) {
                    closing = orders.closing();
                    replays.clear();
                    replays.addAll(orders.orders());
                }
            }
            case ShardMessage.Average average -> {
                if (fence(average.epoch()) && training(average.step())) {
                    average(average);
                }
            }
            case ShardMessage.Commit commit -> {
                if (fence(commit.epoch())) {
                    commit(commit);
                }
            }
            case ShardMessage.Pin pin -> {
                if (fence(pin.epoch()) && pin.version() == version && joining.isEmpty()) {
                    pinned = version;
                }
            }
            case ShardMessage.Follow follow -> {
                if (fence(follow.epoch())) {
                    joining.ifPresent(join -> join.follow(follow));
                }
            }
            default -> throw new IllegalStateException("the coordinator sends no " + message);
        }
    }

    boolean serves(int of, long at) {
        return of == stage && at == pinned;
    }

    /** Nobody has asked for a while. */
    void unpin() {
        pinned = -1;
    }

    boolean joins(ModelJoin join) {
        return alive() && joining.filter(open -> open == join).isPresent();
    }

    long version() {
        return version;
    }

    void holds(long held) {
        version = held;
    }

    String digest() {
        return stage + "@" + version;
    }

    void enlisted() {
        tell(new CoordinatorMessage.Enlisted(seen(), stage, version, digest()));
    }

    private void enlist(ShardMessage.Enlist enlist) {
        boolean sameStage = stage == enlist.stage();
        Optional<ModelJoin> asked = joining.filter(join -> sameStage && join.base == enlist.version());
        if (asked.isPresent() && !enlist.donors().isEmpty()) {
            asked.get().again(enlist.donors());
        } else if (sameStage && version == enlist.version()) {
            enlisted();
        } else {
            stage = enlist.stage();
            joining = Optional.empty();
            if (enlist.donors().isEmpty()) {
                version = enlist.version();
                enlisted();
            } else {
                version = -1;
                joining = Optional.of(new ModelJoin(world, this, enlist.version(), enlist.donors()));
            }
        }
    }

    private void open(MemberMessage.OpenStep open) {
        boolean late = open.step() < version
                || (open.step() == step && purpose == Purpose.TRAIN && open.purpose() == Purpose.EVALUATE);
        if (late) {
            return;
        }
        assertThat(version).as("%s opens %s", this, open).isEqualTo(open.step());
        joining = Optional.empty();
        if (purpose != open.purpose() || step != open.step()) {
            purpose = open.purpose();
            step = open.step();
            frozen = false;
            sealed = false;
            closing = 0;
            round = 0;
            averaged = false;
            counted.clear();
            replays.clear();
        }
        roster(open.roster());
    }

    private void roster(Roster roster) {
        if (roster.stageOf(self).isEmpty()) {
            world.die(self, "not in the roster");
        }
    }

    private void close(ShardMessage.CloseStep close) {
        if (close.closing() > closing) {
            closing = close.closing();
            frozen = true;
            sealed = false;
            averaged = false;
            if (close.discard()) {
                counted.clear();
            }
        }
        tally();
    }

    private void tally() {
        tell(new CoordinatorMessage.Tally(seen(), step, closing, List.copyOf(counted)));
    }

    private void average(ShardMessage.Average order) {
        if (!frozen || !order.indices().equals(List.copyOf(counted))) {
            tally();
            return;
        }
        if (round >= order.round()) {
            if (averaged && round == order.round()) {
                averaged();
            }
            return;
        }
        sealed = true;
        round = order.round();
        averaged = false;
        world.rounds.join(stage, step, round, self, order.indices());
        world.inFlight.add(() -> complete(order));
    }

    private void complete(ShardMessage.Average order) {
        if (!alive() || averaged || !sealed || round != order.round() || !training(order.step())) {
            return;
        }
        boolean joined = world.rounds.complete(stage, step, round, order.participants());
        boolean allThere = world.peers.keySet().containsAll(order.participants());
        // Who died may have sent everything before it did.
        if (joined && (allThere || world.random.nextInt(20) == 0)) {
            averaged = true;
            averaged();
            for (Member listener : order.listeners()) {
                world.listen(listener, step, round, self);
            }
        } else if (allThere) {
            world.inFlight.add(() -> complete(order));
        }
    }

    private void averaged() {
        tell(new CoordinatorMessage.Averaged(seen(), step, round, "average of " + step + " in round " + round, 1));
    }

    private void commit(ShardMessage.Commit commit) {
        assertThat(joining).as("a joiner is asked to commit: %s", this).isEmpty();
        if (version == commit.step() + 1) {
            tell(new CoordinatorMessage.Applied(seen(), commit.step(), stage + "@" + version));
        } else if (version <= commit.step()) {
            assertThat(training(commit.step()) && averaged && round == commit.round())
                    .as("%s is prepared for %s", this, commit)
                    .isTrue();
            assertThat(world.rounds.summed(stage, step, round))
                    .as("each microbatch is counted once")
                    .isEqualTo(IntStream.range(0, world.plan.microbatches())
                            .boxed()
                            .toList());
            version++;
            tell(new CoordinatorMessage.Applied(seen(), commit.step(), stage + "@" + version));
        }
    }

    @Override
    boolean work() {
        joining.ifPresent(ModelJoin::work);
        if (replays.isEmpty()) {
            return false;
        }
        MemberMessage.ReplayOrder order = replays.removeFirst();
        replay(world, step, order);
        return true;
    }

    /** The microbatch goes its way, once or (a missed deadline) twice; it waits until somebody can take it. */
    static void replay(RunModel world, long step, MemberMessage.ReplayOrder order) {
        int times = world.random.nextDouble() < world.faults.doubleCounts() ? 2 : 1;
        for (int i = 0; i < times; i++) {
            world.inFlight.add(() -> replayed(world, step, order.index(), order.replay(), 50));
        }
    }

    private static void replayed(RunModel world, long step, int index, Replay replay, int patience) {
        boolean gradientThere =
                replay.gradientHolder().map(world.peers::containsKey).orElse(true);
        if (!gradientThere || patience == 0) {
            return;
        }
        List<ModelShard> way = new ArrayList<>();
        for (int at = replay.from(); at <= replay.to(); at++) {
            List<ModelShard> able = world.shards(at).stream()
                    .filter(shard -> shard.replaysIn(step))
                    .toList();
            if (able.isEmpty()) {
                world.inFlight.add(() -> replayed(world, step, index, replay, patience - 1));
                return;
            }
            way.add(able.get(world.random.nextInt(able.size())));
        }
        way.reversed().forEach(shard -> shard.count(index));
    }

    @Override
    public String toString() {
        return self + "@" + version + " stage " + stage + " " + purpose + " " + step + (frozen ? " frozen" : "")
                + (sealed ? " sealed" : "") + " closing " + closing + " round " + round + (averaged ? " averaged" : "")
                + " counted " + counted;
    }
}
