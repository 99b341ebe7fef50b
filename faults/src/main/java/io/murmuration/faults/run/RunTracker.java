package io.murmuration.faults.run;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.KeeperMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.RunView;
import io.murmuration.faults.scenario.SwarmView;
import io.murmuration.faults.scenario.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Where a run is, as its messages show: what the leading coordinator orders, and how far transfers have come. Events of a
 * scenario are triggered by it and choose their targets by it.
 */
final class RunTracker implements Observer, RunView, SwarmView {

    /** A snapshot on its way. */
    private static final class Transfer {
        private final int stage;
        private final List<Member> donors;
        private final Set<Integer> written = new TreeSet<>();
        private int chunks;

        private Transfer(int stage, List<Member> donors) {
            this.stage = stage;
            this.donors = donors;
        }

        private double progress() {
            return chunks == 0 ? 0 : (double) written.size() / chunks;
        }
    }

    private final Predicate<String> up;
    private final Map<String, NodeGroup> nodes = new LinkedHashMap<>();
    private final Map<Member, Transfer> transfers = new TreeMap<>();
    private final Set<String> rounds = new TreeSet<>();
    private final Map<String, Set<Member>> alive = new TreeMap<>();
    private Optional<Member> leader = Optional.empty();
    private Epoch epoch = Epoch.NONE;
    private Roster roster = Roster.EMPTY;
    private String phase = "none";
    /** The phase after this one: a step that was begun early may be done when it comes in front. Its turn is seen all the same. */
    private Optional<String> next = Optional.empty();

    private long stepped = -1;
    private long step = -1;
    /** The last that has begun; beyond the present one in an asynchronous run. */
    private long begun = -1;

    private long version = -1;
    private long roundsBegun;

    /** @param up whether a node lives, also if it is frozen */
    RunTracker(Predicate<String> up) {
        this.up = up;
    }

    /** There is one more node. */
    void add(String node, NodeGroup group) {
        nodes.put(node, group);
    }

    boolean knows(String node) {
        return nodes.containsKey(node);
    }

    static String nodeOf(Member member) {
        return nodeOf(member.peer());
    }

    static String nodeOf(PeerId peer) {
        return peer.name().substring(0, peer.name().lastIndexOf(':'));
    }

    @Override
    public void sent(long time, Envelope envelope) {
        if (time > stepped) {
            next.ifPresent(due -> phase = due);
            next = Optional.empty();
        }
        alive.computeIfAbsent(nodeOf(envelope.from()), absent -> new TreeSet<>())
                .add(envelope.from());
        switch (envelope.message()) {
            case MemberMessage.OpenStep open -> {
                if (commands(envelope.from(), open.roster().epoch())) {
                    roster = open.roster();
                    enrolled();
                    boolean present = open.step() == open.version();
                    if (open.purpose() == Purpose.TRAIN) {
                        begun = Math.max(begun, open.step());
                        if (present && open.step() != step) {
                            step = open.step();
                            rounds.clear();
                        }
                    }
                    if (present && !open.begun()) {
                        phase = open.purpose() == Purpose.TRAIN ? "training" : "evaluating";
                    }
                }
            }
            case MemberMessage.RosterChanged changed -> {
                if (commands(envelope.from(), changed.roster().epoch())) {
                    roster = changed.roster();
                    enrolled();
                }
            }
            case MemberMessage.TakeOver over -> ordered(envelope, over.epoch(), "recovering");
            case ShardMessage.CloseStep close -> {
                if (time == stepped && commands(envelope.from(), close.epoch())) {
                    next = Optional.of("closing");
                } else {
                    ordered(envelope, close.epoch(), "closing");
                }
            }
            case ShardMessage.Average average -> {
                ordered(envelope, average.epoch(), "averaging");
                if (rounds.add(average.step() + "/" + average.round())) {
                    roundsBegun++;
                }
            }
            case ShardMessage.Commit commit -> ordered(envelope, commit.epoch(), "committing");
            case KeeperMessage.Keep keep -> ordered(envelope, keep.epoch(), "keeping");
            case ShardMessage.Enlist enlist -> enlisted(envelope, enlist);
            case CoordinatorMessage.Enlisted done -> transfers.remove(envelope.from());
            case ControlMessage other -> {}
        }
    }

    private void enlisted(Envelope envelope, ShardMessage.Enlist enlist) {
        if (!commands(envelope.from(), enlist.epoch())) {
            return;
        }
        if (step < 0) {
            phase = "gathering";
        }
        if (!enlist.donors().isEmpty() && !roster.contains(envelope.to())) {
            Transfer known = transfers.get(envelope.to());
            if (known == null || !known.donors.equals(enlist.donors())) {
                transfers.put(envelope.to(), new Transfer(enlist.stage(), enlist.donors()));
            }
        }
    }

    private void enrolled() {
        transfers.keySet().removeIf(roster::contains);
    }

    private void ordered(Envelope envelope, Epoch of, String next) {
        if (commands(envelope.from(), of)) {
            phase = next;
        }
    }

    /** Whether an order is of the newest term; a coordinator of an older one leads nobody. */
    private boolean commands(Member from, Epoch of) {
        if (of.compareTo(epoch) < 0 && of.term() < epoch.term()) {
            return false;
        }
        epoch = of.compareTo(epoch) > 0 ? of : epoch;
        leader = Optional.of(from);
        return true;
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        if (task instanceof Compute.WriteChunk chunk && transfers.get(owner) instanceof Transfer transfer) {
            transfer.chunks = chunk.chunks();
            transfer.written.add(chunk.index());
        }
    }

    @Override
    public void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> version = started.version();
            case RunEvent.StepCommitted committed -> {
                version = committed.step() + 1;
                if (begun >= version) {
                    step = version;
                    rounds.clear();
                    phase = "training";
                    stepped = time;
                }
            }
            case RunEvent.RolledBack back -> {
                version = back.to();
                step = -1;
                begun = -1;
            }
            case RunEvent.Finished over -> phase = "over";
            case RunEvent.Failed over -> phase = "over";
            default -> {}
        }
    }

    @Override
    public void ended(long time, Member member) {
        transfers.remove(member);
        if (leader.filter(member::equals).isPresent()) {
            leader = Optional.empty();
            phase = "none";
        }
    }

    @Override
    public void forgotten(long time) {
        epoch = Epoch.NONE;
        roster = Roster.EMPTY;
        leader = Optional.empty();
        step = -1;
        phase = "none";
    }

    /** Lives of members of a node that the run has known of. */
    List<Member> members(String node) {
        List<Member> members = new ArrayList<>();
        roster.stages().forEach(shards -> shards.stream()
                .filter(member -> nodeOf(member).equals(node))
                .forEach(members::add));
        roster.trainers().stream().filter(member -> nodeOf(member).equals(node)).forEach(members::add);
        return members;
    }

    /** Every member of a node that has said something in the life that is over now. */
    Set<Member> ended(String node) {
        Set<Member> heard = alive.remove(node);
        return heard == null ? Set.of() : heard;
    }

    Roster roster() {
        return roster;
    }

    long step() {
        return step;
    }

    // ---- what a predicate asks ----------------------------------------------------------------------------------

    @Override
    public double number(Variable variable) {
        return switch (variable) {
            case STEP -> step < 0 ? Double.NaN : step;
            case ROUND -> roundsBegun;
            case VERSION -> version < 0 ? Double.NaN : version;
            case MEMBERS -> roster.shards() + roster.trainers().size();
            case SHARDS -> roster.shards();
            case TRAINERS -> roster.trainers().size();
            case JOINING -> transfers.size();
            case TRANSFER ->
                transfers.values().stream()
                        .mapToDouble(Transfer::progress)
                        .max()
                        .orElse(Double.NaN);
            case EPOCH -> epoch.number();
            case TERM -> epoch.term();
            case PHASE, LEADER -> Double.NaN;
        };
    }

    @Override
    public String word(Variable variable) {
        return switch (variable) {
            case PHASE -> phase;
            case LEADER -> leader().orElse("none");
            default -> "none";
        };
    }

    // ---- whom an event befalls ----------------------------------------------------------------------------------

    @Override
    public List<Node> nodes() {
        return nodes.entrySet().stream()
                .map(entry -> new Node(entry.getKey(), entry.getValue(), up.test(entry.getKey())))
                .toList();
    }

    @Override
    public OptionalInt stage(String node) {
        for (int stage = 0; stage < roster.stages().size(); stage++) {
            if (roster.stage(stage).stream().anyMatch(member -> nodeOf(member).equals(node))) {
                return OptionalInt.of(stage);
            }
        }
        return transfers.entrySet().stream()
                .filter(entry -> nodeOf(entry.getKey()).equals(node))
                .mapToInt(entry -> entry.getValue().stage)
                .findFirst();
    }

    @Override
    public Optional<String> leader() {
        return leader.map(RunTracker::nodeOf);
    }

    @Override
    public List<String> donors() {
        return transfers.values().stream()
                .filter(transfer -> transfer.progress() > 0 && transfer.progress() < 1)
                .flatMap(transfer -> transfer.donors.stream())
                .map(RunTracker::nodeOf)
                .distinct()
                .toList();
    }

    @Override
    public List<String> joiners() {
        return transfers.keySet().stream().map(RunTracker::nodeOf).distinct().toList();
    }
}
