package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.rebalance.RebalanceSettings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A whole run around real {@link RunState}s, one random event after the other: members that follow the protocol's rules
 * without any tensors, a control plane that loses and doubles messages, members and coordinators that die at any time, or
 * freeze and come back in the belief that they still lead.
 */
final class RunModel {

    /**
     * What may go wrong, and how often.
     *
     * @param kills of shards, trainers and keepers
     * @param coordinatorLosses crashes and freezes of whoever leads
     * @param leaves members that ask to go
     * @param wholeStages times that all replicas of a stage die at once
     * @param flips chance that an update comes out wrong
     * @param newcomers shards that come when the run is under way
     * @param damage chance that a checkpoint cannot be read when it is needed
     * @param cuts members that no coordinator can reach for a while
     */
    record Faults(
            double loss,
            double doubled,
            double doubleCounts,
            int kills,
            int coordinatorLosses,
            int leaves,
            int wholeStages,
            double flips,
            int newcomers,
            double damage,
            int cuts) {
        static final Faults NONE = new Faults(0, 0, 0, 0);

        Faults(double loss, double doubled, double doubleCounts, int kills) {
            this(loss, doubled, doubleCounts, kills, 0, 0, 0, 0, 0, 0, 0);
        }

        Faults(
                double loss,
                double doubled,
                double doubleCounts,
                int kills,
                int coordinatorLosses,
                int leaves,
                int wholeStages,
                double flips) {
            this(loss, doubled, doubleCounts, kills, coordinatorLosses, leaves, wholeStages, flips, 0, 0, 0);
        }

        /** The same, and so many newcomers. */
        Faults newcomers(int shards) {
            return and(shards, damage, cuts);
        }

        /** The same, and checkpoints that cannot be read. */
        Faults damage(double chance) {
            return and(newcomers, chance, cuts);
        }

        /** The same, and so many members that cannot be reached for a while. */
        Faults cuts(int members) {
            return and(newcomers, damage, members);
        }

        private Faults and(int shards, double damaged, int cut) {
            return new Faults(
                    loss,
                    doubled,
                    doubleCounts,
                    kills,
                    coordinatorLosses,
                    leaves,
                    wholeStages,
                    flips,
                    shards,
                    damaged,
                    cut);
        }
    }

    /** What a coordinator told. */
    record Told(Member coordinator, RunEvent event) {}

    private static final class ModelCoordinator {
        private final Member self;
        private final RunState state;
        private final Deque<Membership.Event> membership = new ArrayDeque<>();
        /** What arrives while it is frozen. */
        private final List<Envelope> inbox = new ArrayList<>();

        private boolean frozen;
        /** Has told that the run is paused, and not yet that it goes on. */
        private boolean held;

        private Epoch highest = Epoch.NONE;

        private ModelCoordinator(Member self, RunState state) {
            this.self = self;
            this.state = state;
        }
    }

    final SplittableRandom random;
    final RunPlan plan;
    final Faults faults;
    final Map<Member, ModelPeer> peers = new TreeMap<>();
    final List<Told> told = new ArrayList<>();
    final List<RunEvent> events = new ArrayList<>();
    /** By how much each order to begin a step early is before its time. */
    final List<Long> opened = new ArrayList<>();

    final Rounds rounds = new Rounds();
    /** Digests of all stages that were in place at a version. */
    private final Map<Long, List<List<String>>> inPlace = new TreeMap<>();
    /** Of a version, how many stages had ever been built anew when one last was at it. */
    private final Map<Long, Integer> rebuiltAt = new TreeMap<>();

    private int rebuilds;
    /** Tensors on their way: each does its work when its time comes, in any order. */
    final List<Runnable> inFlight = new ArrayList<>();

    private final Map<Member, ModelCoordinator> coordinators = new TreeMap<>();
    private Optional<ModelCoordinator> leader = Optional.empty();
    /** Who told something last. */
    private Optional<RunState> last = Optional.empty();

    private final List<Envelope> messages = new ArrayList<>();
    private final Map<PeerId, Role> dead = new TreeMap<>();
    private final Map<PeerId, Long> incarnations = new TreeMap<>();
    private final Map<PeerId, ModelKeeper.Disk> disks = new TreeMap<>();
    private int killsLeft;
    private int coordinatorLossesLeft;
    private int leavesLeft;
    private int wholeStagesLeft;
    private int newcomersLeft;
    private int cutsLeft;
    private int pausesLeft;
    private boolean paused;
    private int led;
    private long now;

    RunModel(long seed, RunPlan plan, Faults faults) {
        this.random = new SplittableRandom(seed);
        this.plan = plan;
        this.faults = faults;
        this.killsLeft = faults.kills();
        this.coordinatorLossesLeft = faults.coordinatorLosses();
        this.leavesLeft = faults.leaves();
        this.wholeStagesLeft = faults.wholeStages();
        this.newcomersLeft = faults.newcomers();
        this.cutsLeft = faults.cuts();
    }

    /** The run is paused so many times, now and then asked for a checkpoint, and goes on after a while. */
    RunModel pauses(int times) {
        pausesLeft = times;
        return this;
    }

    static RunPlan plan(int stages, int replicas, int trainers, long steps) {
        return plan(stages, replicas, trainers, steps, 1);
    }

    static RunPlan plan(int stages, int replicas, int trainers, long steps, int keepers) {
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
                new RunPlan.Joins(3, 2, 8),
                keepers,
                2,
                Duration.ofSeconds(60),
                0,
                Duration.ofSeconds(15),
                List.of());
    }

    /** The same, and a lost stage is built from its neighbours; a checkpoint is rare. */
    static RunPlan rebuilding(RunPlan plan, List<Integer> layers) {
        return new RunPlan(
                plan.stages(),
                plan.replicas(),
                plan.trainers(),
                plan.firstVersion(),
                plan.lastVersion(),
                plan.microbatches(),
                5,
                plan.evaluationMicrobatches(),
                6,
                plan.controlRetry(),
                plan.holdBoundary(),
                plan.joins(),
                plan.keepers(),
                plan.copies(),
                plan.gatherWait(),
                plan.staleness(),
                plan.promiseWait(),
                layers,
                plan.rebalance());
    }

    /** The same, asynchronous: with evaluations and checkpoints seldom enough that steps begin early. */
    static RunPlan early(RunPlan plan, int staleness) {
        return new RunPlan(
                plan.stages(),
                plan.replicas(),
                plan.trainers(),
                plan.firstVersion(),
                plan.lastVersion(),
                plan.microbatches(),
                5,
                plan.evaluationMicrobatches(),
                4,
                plan.controlRetry(),
                plan.holdBoundary(),
                plan.joins(),
                plan.keepers(),
                plan.copies(),
                plan.gatherWait(),
                staleness,
                plan.promiseWait(),
                plan.rebuildable(),
                plan.rebalance());
    }

    /** The same, and shards that move as soon as their loads, which are chance here, let anybody want it. */
    static RunPlan moving(RunPlan plan, int minimumReplicas) {
        return plan.rebalancing(Optional.of(new RebalanceSettings(
                Duration.ofSeconds(1), 1, minimumReplicas, 1, Duration.ZERO, Duration.ofSeconds(3), Duration.ZERO)));
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
        for (int keeper = 0; keeper < plan.keepers(); keeper++) {
            start(new PeerId("keeper" + keeper), Role.KEEPER);
        }
        for (int event = 0; event < mostEvents && !over(); event++) {
            next();
        }
        return over();
    }

    private boolean over() {
        return !events.isEmpty()
                && (events.getLast() instanceof RunEvent.Finished || events.getLast() instanceof RunEvent.Failed);
    }

    private void next() {
        mischief();
        if (leader.isEmpty() && (led == 0 || random.nextInt(30) == 0)) {
            lead();
        }
        int waiting = messages.size() + inFlight.size() + unseen();
        if (waiting == 0 || random.nextInt(40) == 0) {
            idle();
            return;
        }
        int choice = random.nextInt(waiting);
        if (choice < messages.size()) {
            deliver(messages.get(choice));
        } else if (choice < messages.size() + inFlight.size()) {
            inFlight.remove(choice - messages.size()).run();
        } else {
            for (ModelCoordinator coordinator : List.copyOf(coordinators.values())) {
                if (!coordinator.frozen && !coordinator.membership.isEmpty()) {
                    carryOut(coordinator, coordinator.state.member(coordinator.membership.removeFirst(), now));
                }
            }
        }
    }

    /** Whoever lets a member go believes that the others are there: nobody can do anything about it if they are not. */
    private boolean allDeathsKnown() {
        return coordinators.values().stream()
                .flatMap(coordinator -> coordinator.membership.stream())
                .noneMatch(Membership.Removed.class::isInstance);
    }

    private boolean underWay() {
        return told.stream().anyMatch(said -> said.event() instanceof RunEvent.Started);
    }

    private int unseen() {
        return coordinators.values().stream()
                .filter(coordinator -> !coordinator.frozen)
                .mapToInt(coordinator -> coordinator.membership.size())
                .sum();
    }

    private void idle() {
        if (!dead.isEmpty() && random.nextInt(3) == 0) {
            List<PeerId> all = List.copyOf(dead.keySet());
            PeerId peer = all.get(random.nextInt(all.size()));
            start(peer, dead.remove(peer));
        }
        boolean worked = false;
        for (ModelPeer peer : List.copyOf(peers.values())) {
            worked |= peer.work();
        }
        // A second is long beside the time that a message takes.
        if (messages.size() < 40 && (!worked || random.nextInt(4) == 0)) {
            now += Duration.ofSeconds(1).toNanos();
            peers.values().forEach(ModelPeer::askToGo);
            if (plan.rebalance().isPresent()) {
                List.copyOf(peers.values()).forEach(peer -> {
                    if (peer instanceof ModelShard shard) {
                        shard.tellLoad();
                    }
                });
            }
            for (ModelCoordinator coordinator : List.copyOf(coordinators.values())) {
                if (!coordinator.frozen) {
                    carryOut(coordinator, coordinator.state.tick(now));
                }
            }
        }
    }

    // ---- coordinators -----------------------------------------------------------------------------------------

    private void lead() {
        led++;
        Member self = Member.of("coordinator" + led, 1);
        // It knows of no term before.
        ModelCoordinator next = new ModelCoordinator(self, new RunState(plan, self, 1, now));
        coordinators.put(self, next);
        leader = Optional.of(next);
        if (paused) {
            carryOut(next, next.state.pause(now));
        }
        for (ModelPeer peer : List.copyOf(peers.values())) {
            carryOut(next, next.state.member(new Membership.Joined(peer.self, peer.role()), now));
            if (peer.cutOff) {
                carryOut(next, next.state.member(new Membership.Unreachable(peer.self), now));
            }
        }
    }

    private void loseLeader() {
        leader.ifPresent(lost -> {
            coordinatorLossesLeft--;
            leader = Optional.empty();
            switch (random.nextInt(3)) {
                case 0 -> lost.frozen = true;
                case 1 -> carryOut(lost, lost.state.handOver(now));
                default -> coordinators.remove(lost.self);
            }
        });
    }

    private void mischief() {
        if (pausesLeft > 0 && !paused && random.nextInt(60) == 0) {
            pausesLeft--;
            paused = true;
            leader.ifPresent(leads -> carryOut(leads, leads.state.pause(now)));
        } else if (paused && random.nextInt(120) == 0) {
            paused = false;
            leader.ifPresent(leads -> carryOut(leads, leads.state.resume(now)));
        } else if (paused && random.nextInt(120) == 0) {
            leader.ifPresent(leads -> carryOut(leads, leads.state.checkpoint(now)));
        }
        if (killsLeft > 0 && random.nextInt(60) == 0) {
            kill();
        }
        if (coordinatorLossesLeft > 0 && random.nextInt(90) == 0) {
            loseLeader();
        }
        if (random.nextInt(60) == 0) {
            // Back from a pause, it believes that it leads, and acts on everything that was sent to it meanwhile.
            coordinators.values().stream()
                    .filter(coordinator -> coordinator.frozen)
                    .findFirst()
                    .ifPresent(coordinator -> {
                        coordinator.frozen = false;
                        messages.addAll(coordinator.inbox);
                        coordinator.inbox.clear();
                    });
        }
        if (random.nextInt(60) == 0) {
            // ... until membership tells it that another leads.
            coordinators
                    .values()
                    .removeIf(coordinator -> !coordinator.frozen
                            && leader.filter(other -> other != coordinator).isPresent());
        }
        if (cutsLeft > 0 && random.nextInt(80) == 0) {
            cut();
        }
        if (faults.cuts() > 0 && random.nextInt(150) == 0) {
            peers.values().stream().filter(peer -> peer.cutOff).findFirst().ifPresent(this::heal);
        }
        if (newcomersLeft > 0 && underWay() && random.nextInt(30) == 0) {
            start(new PeerId("newcomer" + newcomersLeft), Role.SHARD);
            newcomersLeft--;
        }
        if (leavesLeft > 0 && random.nextInt(80) == 0 && allDeathsKnown()) {
            leavesLeft--;
            List<ModelPeer> all = List.copyOf(peers.values());
            if (!all.isEmpty()) {
                all.get(random.nextInt(all.size())).leaving = true;
            }
        }
        if (wholeStagesLeft > 0 && random.nextInt(150) == 0) {
            wholeStagesLeft--;
            int stage = random.nextInt(plan.stages());
            shards(stage).forEach(shard -> die(shard.self, "the whole stage"));
        }
    }

    private void cut() {
        List<Member> mortal = peers.keySet().stream().filter(this::mayDie).toList();
        if (!mortal.isEmpty()) {
            cutsLeft--;
            ModelPeer chosen = peers.get(mortal.get(random.nextInt(mortal.size())));
            chosen.cutOff = true;
            chosen.cutBefore = true;
            seen(new Membership.Unreachable(chosen.self));
        }
    }

    /** It can be reached again, or has been given up and started anew. */
    private void heal(ModelPeer peer) {
        peer.cutOff = false;
        if (random.nextBoolean() && mayDie(peer.self)) {
            die(peer.self, "not reached");
        } else {
            seen(new Membership.Reachable(peer.self));
        }
    }

    private void carryOut(ModelCoordinator by, List<RunState.Effect> effects) {
        Epoch epoch = by.state.roster().epoch();
        if (epoch.compareTo(by.highest) < 0) {
            throw new AssertionError(by.self + " goes back from epoch " + by.highest + " to " + epoch);
        }
        by.highest = epoch;
        for (RunState.Effect effect : effects) {
            switch (effect) {
                case RunState.Send(Member to, ControlMessage message) -> {
                    if (message instanceof MemberMessage.OpenStep open && open.step() > open.version()) {
                        opened.add(open.step() - open.version());
                    }
                    boolean opens = message instanceof MemberMessage.OpenStep step
                            && step.purpose() == Purpose.TRAIN
                            && !step.begun();
                    if (by.held && opens) {
                        throw new AssertionError(by.self + " opens a step of a paused run: " + message);
                    }
                    send(by.self, to, message);
                }
                case RunState.Tell(RunEvent event) -> {
                    by.held = event instanceof RunEvent.Paused || (by.held && !(event instanceof RunEvent.Resumed));
                    events.add(event);
                    told.add(new Told(by.self, event));
                    last = Optional.of(by.state);
                    histories(by, event);
                    if (event instanceof RunEvent.Moving move) {
                        leavesEnough(by, move);
                    }
                }
                case RunState.Retire retire -> {
                    coordinators.remove(by.self);
                    leader = leader.filter(other -> other != by);
                }
            }
        }
    }

    private void leavesEnough(ModelCoordinator by, RunEvent.Moving move) {
        List<Member> stay = by.state.roster().stage(move.from());
        assertThat(stay)
                .as("%s: %s", move, this)
                .doesNotContain(move.member())
                .hasSizeGreaterThanOrEqualTo(plan.rebalance().orElseThrow().minimumReplicas());
    }

    /** What the stages hold together was once in place together: nothing is put together from two histories. */
    private void histories(ModelCoordinator by, RunEvent event) {
        List<String> held = List.copyOf(by.state.digests().values());
        switch (event) {
            case RunEvent.Started started -> {
                if (started.version() > 0) {
                    assertThat(inPlace.get(started.version())).contains(held);
                }
                inPlace.computeIfAbsent(started.version(), absent -> new ArrayList<>())
                        .add(held);
            }
            case RunEvent.TookOver tookOver -> {
                RunState.Phase phase = by.state.phase();
                if (phase != RunState.Phase.COMMITTING && phase != RunState.Phase.REDOING) {
                    inPlace.computeIfAbsent(tookOver.version(), absent -> new ArrayList<>())
                            .add(held);
                }
            }
            case RunEvent.Rebuilt rebuilt -> {
                rebuiltAt.put(rebuilt.version(), ++rebuilds);
                inPlace.computeIfAbsent(rebuilt.version(), absent -> new ArrayList<>())
                        .add(held);
            }
            case RunEvent.StepCommitted step ->
                inPlace.computeIfAbsent(step.step() + 1, absent -> new ArrayList<>())
                        .add(held);
            default -> {}
        }
    }

    // ---- messages ---------------------------------------------------------------------------------------------

    /** Order holds between two peers: the oldest of that pair goes first. */
    private void deliver(Envelope chosen) {
        int oldest = 0;
        while (!messages.get(oldest).from().equals(chosen.from())
                || !messages.get(oldest).to().equals(chosen.to())) {
            oldest++;
        }
        Envelope envelope = messages.remove(oldest);
        if (cutOff(envelope.from()) || cutOff(envelope.to())) {
            return;
        }
        if (envelope.message() instanceof CoordinatorMessage message) {
            ModelCoordinator coordinator = coordinators.get(envelope.to());
            if (coordinator != null && coordinator.frozen) {
                coordinator.inbox.add(envelope);
            } else if (coordinator != null) {
                carryOut(coordinator, coordinator.state.message(envelope.from(), message, now));
            }
        } else {
            Optional.ofNullable(peers.get(envelope.to()))
                    .ifPresent(peer -> peer.receive(envelope.from(), envelope.message()));
        }
    }

    private boolean cutOff(Member member) {
        ModelPeer peer = peers.get(member);
        return peer != null && peer.cutOff;
    }

    /** How many stages have been built anew so far. */
    int rebuilds() {
        return rebuilds;
    }

    /** How many had been when one was built at this version; 0 if none ever was. */
    int rebuildsAt(long version) {
        return rebuiltAt.getOrDefault(version, 0);
    }

    void send(Member from, Member to, ControlMessage message) {
        if (message instanceof MemberMessage.StartOver && peers.get(to) instanceof ModelShard shard) {
            shard.doomed = true;
        }
        if (random.nextDouble() < faults.loss()) {
            return;
        }
        messages.add(new Envelope(from, to, message));
        if (random.nextDouble() < faults.doubled()) {
            messages.add(new Envelope(from, to, message));
        }
    }

    /** What a donor serves of this snapshot; one that nobody asked for a while has let it go. */
    Optional<String> serves(Member donor, int stage, long version) {
        boolean lost = random.nextDouble() < faults.loss();
        return switch (peers.get(donor)) {
            case ModelShard shard -> {
                if (faults.loss() > 0 && random.nextInt(200) == 0) {
                    shard.unpin();
                }
                yield lost ? Optional.empty() : shard.serves(stage, version);
            }
            case ModelKeeper keeper -> lost ? Optional.empty() : keeper.serves(stage, version);
            case null, default -> Optional.empty();
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

    // ---- members ----------------------------------------------------------------------------------------------

    private void seen(Membership.Event event) {
        coordinators.values().forEach(coordinator -> coordinator.membership.add(event));
    }

    private void start(PeerId peer, Role role) {
        Member member = new Member(peer, incarnations.merge(peer, 1L, Long::sum));
        peers.put(
                member,
                switch (role) {
                    case SHARD -> new ModelShard(this, member);
                    case TRAINER -> new ModelTrainer(this, member);
                    case VERIFIER -> throw new IllegalArgumentException("nobody verifies here: " + member);
                    case KEEPER, COORDINATOR ->
                        new ModelKeeper(this, member, disks.computeIfAbsent(peer, absent -> new ModelKeeper.Disk()));
                });
        seen(new Membership.Joined(member, role));
    }

    private void kill() {
        List<Member> mortal = peers.keySet().stream().filter(this::mayDie).toList();
        if (!mortal.isEmpty()) {
            killsLeft--;
            die(mortal.get(random.nextInt(mortal.size())), "killed");
        }
    }

    /** One replica of every stage stays that the run can go on with, whoever leads it. */
    private boolean mayDie(Member member) {
        if (!(peers.get(member) instanceof ModelShard shard)
                || shard.version() < 0
                || shard.doomed
                || shard.isJoining()) {
            return true;
        }
        // Who is about to go may be let go before this death is known.
        return shards(shard.stage).stream()
                .filter(other -> other != shard && !other.leaving && other.isReplicaOf(shard))
                .anyMatch(other -> coordinators.values().stream()
                        .map(coordinator -> coordinator.state.roster())
                        .allMatch(roster -> (roster.shards() == 0 && !other.cutBefore) || roster.contains(other.self)));
    }

    void die(Member member, String reason) {
        ModelPeer gone = peers.remove(member);
        if (gone != null) {
            seen(new Membership.Removed(member, reason));
            dead.put(member.peer(), gone.role());
        }
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

    /** At the end everybody in the roster holds what its stage holds. */
    void endsAsOne() {
        RunState state = last.orElseThrow();
        for (int stage = 0; stage < plan.stages(); stage++) {
            for (Member member : state.roster().stage(stage)) {
                if (peers.get(member) instanceof ModelShard shard) {
                    assertThat(List.of(shard.version(), shard.digest()))
                            .as("%s: %s", member, this)
                            .isEqualTo(List.of(state.version(), state.digests().get(stage)));
                }
            }
        }
    }

    /** How many shards every stage of the roster has. */
    List<Integer> stages() {
        return leader.orElseThrow().state.roster().stages().stream()
                .map(List::size)
                .toList();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        coordinators.values().forEach(coordinator -> text.append(coordinator.self)
                .append(coordinator.frozen ? " frozen " : " ")
                .append(coordinator.state.phase())
                .append(" at version ")
                .append(coordinator.state.version())
                .append(", roster ")
                .append(coordinator.state.roster())
                .append("; "));
        return text + "peers " + peers.values() + ", last events "
                + told.subList(Math.max(0, told.size() - 12), told.size());
    }
}
