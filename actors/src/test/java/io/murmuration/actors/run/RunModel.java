package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A whole run around the real {@link RunState}, one random event after the other: members that follow the protocol's
 * rules without any tensors, a control plane that loses and doubles messages, members that die at any time.
 */
final class RunModel {

    static final Member COORDINATOR = Member.of("coordinator", 1);

    /**
     * What may go wrong, and how often.
     *
     * @param newcomers shards that come when the run is under way
     */
    record Faults(double loss, double doubled, double doubleCounts, int kills, int newcomers) {
        static final Faults NONE = new Faults(0, 0, 0, 0);

        Faults(double loss, double doubled, double doubleCounts, int kills) {
            this(loss, doubled, doubleCounts, kills, 0);
        }
    }

    final SplittableRandom random;
    final RunPlan plan;
    final Faults faults;
    final Map<Member, ModelPeer> peers = new TreeMap<>();
    final List<RunEvent> events = new ArrayList<>();
    final List<Epoch> epochs = new ArrayList<>();
    final Rounds rounds = new Rounds();
    /** Tensors on their way: each does its work when its time comes, in any order. */
    final List<Runnable> inFlight = new ArrayList<>();

    private final RunState state;
    private final List<Envelope> messages = new ArrayList<>();
    private final List<Membership.Event> membership = new ArrayList<>();
    private final Map<PeerId, Role> dead = new TreeMap<>();
    private final Map<PeerId, Long> incarnations = new TreeMap<>();
    private int killsLeft;
    private int newcomersLeft;
    private long now;

    RunModel(long seed, RunPlan plan, Faults faults) {
        this.random = new SplittableRandom(seed);
        this.plan = plan;
        this.faults = faults;
        this.killsLeft = faults.kills();
        this.newcomersLeft = faults.newcomers();
        this.state = new RunState(plan, 1);
    }

    static RunPlan plan(int stages, int replicas, int trainers, long steps) {
        return new RunPlan(
                stages,
                replicas,
                trainers,
                0,
                steps,
                5,
                2,
                2,
                3,
                Duration.ofSeconds(1),
                Duration.ofSeconds(20),
                new RunPlan.Joins(3, 2, 8));
    }

    /** Runs to the end; false if it never comes. */
    boolean run(int mostEvents) {
        for (int stage = 0; stage < plan.stages(); stage++) {
            for (int replica = 0; replica < plan.replicas(); replica++) {
                start(new PeerId("shard" + (stage * plan.replicas() + replica)), Role.SHARD);
            }
        }
        for (int trainer = 0; trainer < plan.trainers(); trainer++) {
            start(new PeerId("trainer" + trainer), Role.TRAINER);
        }
        start(new PeerId("keeper"), Role.KEEPER);
        for (int event = 0; event < mostEvents && state.phase() != RunState.Phase.OVER; event++) {
            next();
            epochs.add(state.roster().epoch());
        }
        return state.phase() == RunState.Phase.OVER;
    }

    private void next() {
        if (killsLeft > 0 && random.nextInt(60) == 0) {
            kill();
        }
        if (newcomersLeft > 0 && state.phase() != RunState.Phase.GATHERING && random.nextInt(30) == 0) {
            start(new PeerId("newcomer" + newcomersLeft), Role.SHARD);
            newcomersLeft--;
        }
        int waiting = messages.size() + membership.size() + inFlight.size();
        if (waiting == 0 || random.nextInt(40) == 0) {
            if (!dead.isEmpty() && random.nextInt(3) == 0) {
                PeerId peer = dead.keySet().iterator().next();
                start(peer, dead.remove(peer));
            }
            boolean worked = false;
            for (ModelPeer peer : List.copyOf(peers.values())) {
                worked |= peer.work();
            }
            if (!worked || random.nextInt(4) == 0) {
                now += Duration.ofSeconds(1).toNanos();
                carryOut(state.tick(now));
            }
            return;
        }
        int choice = random.nextInt(waiting);
        if (choice < messages.size()) {
            deliver(messages.get(choice));
        } else if (choice < messages.size() + membership.size()) {
            carryOut(state.member(membership.removeFirst(), now));
        } else {
            inFlight.remove(random.nextInt(inFlight.size())).run();
        }
    }

    /** Order holds between two peers: the oldest of that pair goes first. */
    private void deliver(Envelope chosen) {
        Envelope envelope = messages.stream()
                .filter(other ->
                        other.from().equals(chosen.from()) && other.to().equals(chosen.to()))
                .findFirst()
                .orElseThrow();
        messages.remove(envelope);
        if (envelope.to().equals(COORDINATOR)) {
            carryOut(state.message(envelope.from(), (CoordinatorMessage) envelope.message(), now));
        } else {
            Optional.ofNullable(peers.get(envelope.to())).ifPresent(peer -> peer.receive(envelope.message()));
        }
    }

    private void carryOut(List<RunState.Effect> effects) {
        for (RunState.Effect effect : effects) {
            switch (effect) {
                case RunState.Send(Member to, ControlMessage message) -> send(COORDINATOR, to, message);
                case RunState.Tell(RunEvent event) -> events.add(event);
            }
        }
    }

    void send(Member from, Member to, ControlMessage message) {
        if (random.nextDouble() < faults.loss()) {
            return;
        }
        messages.add(new Envelope(from, to, message));
        if (random.nextDouble() < faults.doubled()) {
            messages.add(new Envelope(from, to, message));
        }
    }

    /** Whether a donor serves this snapshot; one that nobody asked for a while has let it go. */
    boolean serves(Member donor, int stage, long version) {
        boolean lost = random.nextDouble() < faults.loss();
        return switch (peers.get(donor)) {
            case ModelShard shard -> {
                if (faults.loss() > 0 && random.nextInt(200) == 0) {
                    shard.unpin();
                }
                yield !lost && shard.serves(stage, version);
            }
            case ModelKeeper keeper -> !lost && keeper.serves(version);
            case null, default -> false;
        };
    }

    /** A participant's part of an average is on its way to a joiner; now and then it is lost. */
    void listen(Member listener, long step, long round, Member participant) {
        if (random.nextDouble() >= faults.loss() / 4) {
            inFlight.add(() -> {
                if (peers.get(listener) instanceof ModelShard shard) {
                    shard.hear(step, round, participant);
                }
            });
        }
    }

    private void start(PeerId peer, Role role) {
        Member member = new Member(peer, incarnations.merge(peer, 1L, Long::sum));
        peers.put(
                member,
                switch (role) {
                    case SHARD -> new ModelShard(this, member);
                    case TRAINER -> new ModelTrainer(this, member);
                    case KEEPER, COORDINATOR -> new ModelKeeper(this, member);
                });
        membership.add(new Membership.Joined(member, role));
    }

    private void kill() {
        List<Member> mortal = peers.keySet().stream().filter(this::mayDie).toList();
        if (!mortal.isEmpty()) {
            killsLeft--;
            die(mortal.get(random.nextInt(mortal.size())), "killed");
        }
    }

    /** One replica of every stage stays. */
    private boolean mayDie(Member member) {
        var stage = state.roster().stageOf(member);
        return stage.isEmpty()
                || state.roster().stage(stage.getAsInt()).stream()
                                .filter(peers::containsKey)
                                .count()
                        > 1;
    }

    void die(Member member, String reason) {
        Role role = peers.remove(member).role();
        membership.add(new Membership.Removed(member, reason));
        dead.put(member.peer(), role);
    }

    /** Live shards that serve in {@code stage}. */
    List<ModelShard> shards(int stage) {
        List<ModelShard> shards = new ArrayList<>();
        for (ModelPeer peer : peers.values()) {
            if (peer instanceof ModelShard shard && shard.stage == stage) {
                shards.add(shard);
            }
        }
        return shards;
    }

    /** How many shards every stage of the roster has. */
    List<Integer> stages() {
        return state.roster().stages().stream().map(List::size).toList();
    }

    @Override
    public String toString() {
        return state.phase() + " at version " + state.version() + ", roster " + state.roster() + ", peers "
                + peers.values() + ", last events "
                + events.subList(Math.max(0, events.size() - 5), events.size());
    }
}
