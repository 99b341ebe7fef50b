package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** A shard without numbers. */
final class ModelShard extends ModelPeer {

    int stage = -1;
    private long version = -1;
    /** At which it was built from its neighbours. */
    private long builtAt = -1;

    private Optional<ModelJoin> joining = Optional.empty();
    private Optional<ModelRebuild> rebuilding = Optional.empty();
    private long pinned = -1;
    private String pinnedDigest = "";
    private Purpose purpose = Purpose.EVALUATE;
    private long step = -1;
    private boolean frozen;
    private boolean sealed;
    private long closing;
    private long round;
    private boolean averaged;
    private List<Member> participants = List.of();
    private String digest = "";
    private Epoch history = Epoch.NONE;
    /** Before the last update, for doing that again. */
    private String digestBefore = "";

    /** The round of the last update. */
    private long applied;

    private Optional<Standing.Committed> committed = Optional.empty();
    /** Told to start over, or about to be. */
    boolean doomed;

    /** Indices, each with how many stages had been built anew by then: what it was computed with. */
    private final TreeMap<Integer, Integer> counted = new TreeMap<>();
    /** What is counted in steps that began early. */
    private final TreeMap<Long, TreeMap<Integer, Integer>> early = new TreeMap<>();
    /** Every shard holds this version. */
    private long everywhere = -1;

    private final List<MemberMessage.ReplayOrder> replays = new ArrayList<>();

    ModelShard(RunModel world, Member self) {
        super(world, self);
    }

    @Override
    Role role() {
        return Role.SHARD;
    }

    @Override
    Standing standing() {
        if (version < 0 || joining.isPresent() || builtAt == version) {
            return Standing.OfShard.FRESH;
        }
        boolean open = step == version && everywhere >= version;
        return new Standing.OfShard(
                history,
                stage,
                version,
                digest,
                open ? Optional.of(new Standing.Open(purpose, step, world.plan.microbatches())) : Optional.empty(),
                open && frozen,
                averaged && training(version)
                        ? Optional.of(new Standing.Prepared(round, "average", 1))
                        : Optional.empty(),
                committed);
    }

    long version() {
        return version;
    }

    String digest() {
        return digest;
    }

    /** On its way in, it holds nothing that anybody goes on with. */
    boolean isJoining() {
        return joining.isPresent();
    }

    boolean joins(ModelJoin join) {
        return alive() && joining.filter(open -> open == join).isPresent();
    }

    /** A joiner has its snapshot. */
    void restored(long held, String restored) {
        version = held;
        digest = restored;
        enlisted();
    }

    boolean rebuilds(ModelRebuild rebuild) {
        return alive() && rebuilding.filter(open -> open == rebuild).isPresent();
    }

    void rebuilt(long held, String built) {
        rebuilding = Optional.empty();
        version = held;
        builtAt = held;
        digest = built;
        enlisted();
    }

    private void rebuild(ShardMessage.Rebuild order) {
        history = order.history();
        if (rebuilding.isPresent() && rebuilding.get().isFor(order)) {
            rebuilding.get().again(order);
        } else if (stage == order.stage() && version == order.version() && joining.isEmpty()) {
            enlisted();
        } else {
            assertThat(version < 0 || joining.isPresent() || builtAt == version)
                    .as("%s has a stage and keeps it: %s", this, order)
                    .isTrue();
            stage = order.stage();
            version = -1;
            builtAt = -1;
            early.clear();
            everywhere = -1;
            joining = Optional.empty();
            pinned = -1;
            rebuilding = Optional.of(new ModelRebuild(world, this, order));
        }
    }

    /** A joiner applies an average. */
    void followed(ShardMessage.Follow order) {
        apply(order.step(), order.round());
    }

    /** A participant's part of an average comes by. */
    void hear(long of, long in, Member participant) {
        joining.ifPresent(join -> join.hear(of, in, participant));
    }

    /** What it has pinned, if that is what is wanted. */
    Optional<String> serves(int of, long at) {
        return of == stage && at == pinned ? Optional.of(pinnedDigest) : Optional.empty();
    }

    /** Nobody has asked for a while. */
    void unpin() {
        pinned = -1;
    }

    /** Holds the same, so that the run can go on with either. */
    boolean isReplicaOf(ModelShard other) {
        return !doomed
                && !leaving
                && !cutOff
                && joining.isEmpty()
                && stage == other.stage
                && version == other.version
                && digest.equals(other.digest);
    }

    private boolean training(long asked) {
        return purpose == Purpose.TRAIN && step == asked && version == asked;
    }

    boolean countsNormally(long asked) {
        return early.containsKey(asked) || (training(asked) && !frozen);
    }

    boolean replaysIn(long asked) {
        return training(asked) && frozen;
    }

    boolean has(long of, int index) {
        return early.getOrDefault(of, counted).containsKey(index);
    }

    void count(long of, int index) {
        if (early.containsKey(of)) {
            early.get(of).putIfAbsent(index, world.rebuilds());
            return;
        }
        // While it is averaged, what passes through the stage is computed and not counted.
        if (!sealed && counted.putIfAbsent(index, world.rebuilds()) == null && frozen) {
            tally();
        }
    }

    @Override
    Epoch epoch(ControlMessage message) {
        return switch ((ShardMessage) message) {
            case ShardMessage.Enlist enlist -> enlist.epoch();
            case ShardMessage.Rebuild rebuild -> rebuild.epoch();
            case MemberMessage.OpenStep open -> open.roster().epoch();
            case MemberMessage.RosterChanged changed -> changed.roster().epoch();
            case ShardMessage.CloseStep close -> close.epoch();
            case MemberMessage.ReplayOrders orders -> orders.epoch();
            case ShardMessage.Average average -> average.epoch();
            case ShardMessage.Commit commit -> commit.epoch();
            case ShardMessage.Redo redo -> redo.epoch();
            case ShardMessage.Pin pin -> pin.epoch();
            case ShardMessage.Follow follow -> follow.epoch();
            default -> throw new IllegalStateException("the coordinator sends no " + message);
        };
    }

    @Override
    void obey(ControlMessage message) {
        switch ((ShardMessage) message) {
            case ShardMessage.Enlist enlist -> enlist(enlist);
            case ShardMessage.Rebuild rebuild -> rebuild(rebuild);
            case MemberMessage.OpenStep open -> open(open);
            case MemberMessage.RosterChanged changed -> roster(changed.roster());
            case ShardMessage.CloseStep close -> {
                if (training(close.step())) {
                    close(close);
                }
            }
            case MemberMessage.ReplayOrders orders -> {
                if (training(orders.step()) && orders.closing() > closing) {
                    closing = orders.closing();
                    replays.clear();
                    replays.addAll(orders.orders());
                }
            }
            case ShardMessage.Average average -> {
                if (training(average.step())) {
                    average(average);
                }
            }
            case ShardMessage.Commit commit -> {
                commit(commit);
            }
            case ShardMessage.Redo redo -> {
                assertThat(version).as("%s does %s", this, redo).isEqualTo(redo.step() + 1);
                digest = updated(redo.step());
                tell(new CoordinatorMessage.Redone(seen(), redo.step(), digest));
            }
            case ShardMessage.Pin pin -> {
                if (pin.version() == version && joining.isEmpty()) {
                    pinned = version;
                    pinnedDigest = digest;
                }
            }
            case ShardMessage.Follow follow -> joining.ifPresent(join -> join.follow(follow));
            default -> throw new IllegalStateException("the coordinator sends no " + message);
        }
    }

    void enlisted() {
        tell(new CoordinatorMessage.Enlisted(seen(), stage, version, digest));
    }

    /** As busy and as fast as chance will have it. */
    void tellLoad() {
        if (version >= 0 && joining.isEmpty()) {
            double rate = world.random.nextInt(8) == 0 ? 0 : 0.5 + world.random.nextDouble();
            tell(new CoordinatorMessage.Load(seen(), world.random.nextInt(5), rate));
        }
    }

    private void enlist(ShardMessage.Enlist enlist) {
        history = enlist.history();
        boolean sameStage = stage == enlist.stage();
        Optional<ModelJoin> asked = joining.filter(join -> sameStage && join.base == enlist.version());
        if (asked.isPresent() && !enlist.donors().isEmpty()) {
            asked.get().again(enlist.donors());
        } else if (sameStage && version == enlist.version() && builtAt != version) {
            enlisted();
        } else {
            assertThat(version < 0 || joining.isPresent() || builtAt == version)
                    .as("%s has a stage and keeps it: %s", this, enlist)
                    .isTrue();
            rebuilding = Optional.empty();
            builtAt = -1;
            stage = enlist.stage();
            early.clear();
            everywhere = -1;
            joining = Optional.empty();
            pinned = -1;
            if (enlist.donors().isEmpty()) {
                version = enlist.version();
                digest = stage + "@" + version;
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
        assertThat(version).as("%s opens %s", this, open).isGreaterThanOrEqualTo(open.version());
        assertThat(open.step() - version).as("%s opens %s", this, open).isLessThanOrEqualTo(world.plan.staleness());
        joining = Optional.empty();
        everywhere = Math.max(everywhere, open.version());
        if (open.step() > version) {
            early.computeIfAbsent(open.step(), absent -> new TreeMap<>());
            roster(open.roster());
            return;
        }
        if (purpose != open.purpose() || step != open.step()) {
            begin(open.purpose(), open.step());
        }
        roster(open.roster());
    }

    private void roster(Roster roster) {
        if (roster.stageOf(self).isEmpty()) {
            world.die(self, "not in the roster");
        }
    }

    private void close(ShardMessage.CloseStep close) {
        everywhere = version;
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
        tell(new CoordinatorMessage.Tally(seen(), step, closing, List.copyOf(counted.keySet())));
    }

    private void average(ShardMessage.Average order) {
        if (!frozen || !order.indices().equals(List.copyOf(counted.keySet()))) {
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
        participants = order.participants();
        world.rounds.join(stage, step, round, participants, self, order.indices());
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
            order.listeners().forEach(listener -> world.listen(listener, step, round, self));
        } else if (allThere) {
            world.inFlight.add(() -> complete(order));
        }
    }

    private void averaged() {
        tell(new CoordinatorMessage.Averaged(seen(), step, round, "average of " + step + " in round " + round, 1));
    }

    private String updated(long of) {
        return Integer.toHexString((digestBefore + of + "/" + applied).hashCode());
    }

    private void apply(long of, long in) {
        // An order to average that came late still is of what was counted before; it comes to nothing.
        if (training(of)) {
            assertThat(counted.values())
                    .as("%s: what was counted before a stage was built anew is not applied", this)
                    .allMatch(rebuilds -> rebuilds >= world.rebuildsAt(of));
        }
        version = of + 1;
        applied = in;
        digestBefore = digest;
        digest = updated(of);
        if (world.random.nextDouble() < world.faults.flips()) {
            digest += "!";
        }
        TreeMap<Integer, Integer> begun = early.remove(version);
        if (begun != null) {
            begin(Purpose.TRAIN, version);
            counted.putAll(begun);
        }
        tell(new CoordinatorMessage.Applied(seen(), of, digest));
    }

    private void begin(Purpose newPurpose, long newStep) {
        purpose = newPurpose;
        step = newStep;
        frozen = false;
        sealed = false;
        closing = 0;
        round = 0;
        averaged = false;
        counted.clear();
        replays.clear();
    }

    private void commit(ShardMessage.Commit commit) {
        assertThat(joining).as("a joiner is asked to commit: %s", this).isEmpty();
        if (version == commit.step() + 1) {
            tell(new CoordinatorMessage.Applied(seen(), commit.step(), digest));
        } else if (version <= commit.step()) {
            assertThat(training(commit.step()) && averaged && round == commit.round())
                    .as("%s is prepared for %s", this, commit)
                    .isTrue();
            assertThat(world.rounds.summed(stage, step, round, participants))
                    .as("each microbatch is counted once")
                    .isEqualTo(IntStream.range(0, world.plan.microbatches())
                            .boxed()
                            .toList());
            committed = Optional.of(new Standing.Committed(commit.step(), commit.round(), commit.gradientNorm()));
            apply(commit.step(), commit.round());
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
        way.reversed().forEach(shard -> shard.count(step, index));
    }

    @Override
    public String toString() {
        return self + "@" + version + (joining.isPresent() ? " joining" : "") + (doomed ? " doomed" : "") + " stage "
                + stage + " " + purpose + " " + step + (frozen ? " frozen" : "")
                + (sealed ? " sealed" : "") + " closing " + closing + " round " + round + (averaged ? " averaged" : "")
                + " counted " + counted + " early " + early;
    }
}
